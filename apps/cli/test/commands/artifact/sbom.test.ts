import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf, EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../../bed/a-project.ts";

const KEY = ["--key", "keys/artifact.key"];
const SPDX = { spdxVersion: "SPDX-2.3", name: "app", packages: [{ name: "a" }, { name: "b" }] };
const CYCLONEDX = { bomFormat: "CycloneDX", specVersion: "1.6", components: [{ name: "a" }] };

/** Puts a program named syft on a PATH of its own; the script sees what the real one would be given. */
function withSyft(project: Project, script: string): { readonly PATH: string } {
  const folder = join(project.dir, "programs");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "syft");
  writeFileSync(path, `#!${process.execPath}\n${script}`);
  chmodSync(path, 0o755);
  return { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
}

describe("artifact sbom", () => {
  test.for([
    [SPDX, "https://spdx.dev/Document", "SPDX 2.3 of app, 2 packages"],
    [CYCLONEDX, "https://cyclonedx.org/bom", "CycloneDX 1.6, 1 component"],
  ] as const)("finds out which format a file has: %#", async ([document, type, text]) => {
    await using project = await aProject();
    project.write("sbom.json", JSON.stringify(document));
    const sbom = ["artifact", "sbom", "v1.0.0", "--file", "sbom.json", ...KEY];
    expect((await project.done(...sbom)).stdout).toContain(text);
    const { json } = await project.done(...sbom, "-o", "json");
    expect(json).toMatchObject({ success: true, predicate_type: type });
    const shown = await project.done("artifact", "sbom", "v1.0.0", "--show");
    expect(shown.stdout).toContain(text);
    expect(shown.stdout).toContain("keys/artifact.pub");
  });

  test("shows who signed each, and that what nobody signed proves nothing", async () => {
    await using project = await aProject({ identities: ["alice"] });
    expect((await project.done("artifact", "sbom", "v1.0.0", "--show")).stdout).toBe(
      "No SBOM is attached.\n",
    );
    project.write("sbom.json", JSON.stringify(SPDX));
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/stranger");
    for (const key of ["artifact", "alice", "stranger"])
      await project.done(
        ...["artifact", "sbom", "v1.0.0", "--file", "sbom.json", "--key", `keys/${key}.key`],
      );
    // As "oras attach --artifact-type application/spdx+json" leaves it.
    const subject = await project.store.resolve("v1.0.0", go);
    const content = new TextEncoder().encode(JSON.stringify(SPDX));
    const layer = {
      mediaType: "application/spdx+json",
      digest: digestOf(content),
      size: content.byteLength,
    };
    await project.store.putBlob(layer, content, go);
    await project.store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: "application/spdx+json",
      config: EMPTY_DESCRIPTOR,
      layers: [layer],
      subject,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    await project.store.attach({ bytes, mediaType: MEDIA_TYPES.ociManifest }, go);

    const { rows } = await project.done("artifact", "sbom", "v1.0.0", "--show", "-o", "json");
    const seen = rows.map(({ signature, signer }) => [signature, signer]);
    expect(seen).toHaveLength(4);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["verified", "keys/artifact.pub"],
        ["verified", "alice"],
        ["untrusted", null],
        ["unsigned", null],
      ]),
    );
    const shown = await project.done("artifact", "sbom", "v1.0.0", "--show");
    expect(shown.stdout).toMatch(/application\/spdx\+json +nobody: it proves nothing/);
    expect(shown.stdout).toMatch(/nobody who is trusted here \(WRONG_KEY/);
    const byKey = await project.done(
      ...["artifact", "sbom", "v1.0.0", "--show", "--key", "keys/stranger.pub", "-o", "json"],
    );
    expect(byKey.rows.filter((row) => row["signature"] === "verified")).toHaveLength(1);
  });

  test("refuses a file that is no SBOM", async () => {
    await using project = await aProject();
    project.write("sbom.json", '{"artifacts":[]}');
    const run = await project.run(
      ...["artifact", "sbom", "v1.0.0", "--file", "sbom.json", ...KEY, "--json"],
    );
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_PREDICATE_INVALID" });
  });

  test("without a file and without syft says what to install or to give", async () => {
    await using project = await aProject();
    // What lies in the working folder is not run because of its name.
    project.write("syft", "#!/bin/sh\nexit 0\n");
    chmodSync(join(project.dir, "syft"), 0o755);
    const env = { PATH: `.::${project.dir}/nowhere` };
    const run = await project.runWith({ env }, "artifact", "sbom", "v1.0.0", ...KEY, "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SBOM_GENERATOR_MISSING",
      hint: expect.stringMatching(/--file.*syft.*--from-folder/),
    });
  });

  test("has syft read exactly the digest, without floe's secrets", async () => {
    await using project = await aProject();
    const env = withSyft(
      project,
      `const { readFileSync } = require("node:fs");
      const [source, ...args] = process.argv.slice(2);
      const path = source.replace(/^oci-dir:/, "");
      const { manifests } = JSON.parse(readFileSync(path + "/index.json", "utf8"));
      const packages = [...args, Object.keys(process.env).sort().join(), ...manifests.map((one) => one.digest)];
      console.log(JSON.stringify({ spdxVersion: "SPDX-2.3", name: "x", packages: packages.map((name) => ({ name })) }));`,
    );
    const secret = { FLOE_KEY_PASSWORD: "", SIGSTORE_ID_TOKEN: "token", SYFT_PARALLELISM: "1" };
    const run = await project.runWith(
      { env: { ...env, ...secret } },
      ...["artifact", "sbom", "v1.0.0", ...KEY, "-o", "json"],
    );
    expect([run.code, run.stderr]).toEqual([0, ""]);
    const digest = (await project.tags())["v1.0.0"];
    const raw = await project.store.getManifest(String(run.json["attestation"]), go);
    const { layers } = JSON.parse(Buffer.from(raw?.bytes ?? []).toString()) as {
      layers: { digest: string }[];
    };
    const blob = project.read(
      join(".floe/registry/blobs", layers[0]?.digest.replace(":", "/") ?? ""),
    );
    const { dsseEnvelope } = JSON.parse(blob) as { dsseEnvelope: { payload: string } };
    const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString()) as {
      predicate: { packages: { name: string }[] };
    };
    const words = statement.predicate.packages.map(({ name }) => name);
    expect(words.slice(0, 3)).toEqual(["-q", "-o", "spdx-json"]);
    expect(words.at(-1)).toBe(digest);
    expect(words.filter((word) => /^sha256:/.test(word)).every((word) => word === digest)).toBe(
      true,
    );
    const variables = words.find((word) => word.includes("PATH")) ?? "";
    expect(variables).toContain("SYFT_PARALLELISM");
    expect(variables).not.toMatch(/FLOE|SIGSTORE/);
  });

  test.for([
    ['console.error("cannot read layer"); process.exit(3)', /ended with 3: cannot read layer/],
    ["console.log('{}')", /neither SPDX JSON nor CycloneDX JSON/],
    [
      "const s = 'x'.repeat(1 << 20); for (let i = 0; i < 40; i++) process.stdout.write(s)",
      /wrote more than/,
    ],
  ] as const)("says why syft made none: %j", async ([script, message]) => {
    await using project = await aProject();
    const env = withSyft(project, script);
    const run = await project.runWith({ env }, "artifact", "sbom", "v1.0.0", ...KEY, "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SBOM_GENERATOR_FAILED",
      message: expect.stringMatching(message),
    });
  });

  test("has npm make one of a project's folder", { timeout: 60_000 }, async () => {
    await using project = await aProject();
    const root = { name: "web", version: "1.0.0", dependencies: { leaf: "2.0.0" } };
    project.write("web/package.json", JSON.stringify(root));
    const packages = { "": root, "node_modules/leaf": { version: "2.0.0", license: "MIT" } };
    project.write(
      "web/package-lock.json",
      JSON.stringify({ ...root, lockfileVersion: 3, packages }),
    );
    const sbom = ["artifact", "sbom", "v1.0.0", ...KEY];
    const made = await project.done(...sbom, "--from-folder", "web", "-o", "json");
    expect(made.json).toMatchObject({ format: "SPDX", version: "2.3", components: 2 });
    const other = [...sbom, "--from-folder", "web", "--sbom-format", "cyclonedx", "-o", "json"];
    expect((await project.done(...other)).json).toMatchObject({ format: "CycloneDX" });
    const none = await project.run(...sbom, "--from-folder", "keys", "--json");
    expect(none.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID" });
  });
});
