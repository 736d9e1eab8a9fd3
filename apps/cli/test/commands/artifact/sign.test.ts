import { join } from "node:path";
import { digestOf } from "@floe/core/model";
import { createRegistryStore } from "@floe/oci";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../../bed/a-project.ts";

const KEY = ["--key", "keys/artifact.key"];

describe("artifact sign", () => {
  async function anIndex(project: Project) {
    const children = [await project.publish("v1.0.0", { signed: false })];
    children.push(await project.publish("v1.1.0", { signed: false }));
    const manifests = await Promise.all(
      children.map(async (digest, at) => {
        const raw = await project.store.getManifest(digest, go);
        if (raw === null) throw new Error(`${digest} is not there`);
        const platform = { os: "linux", architecture: at === 0 ? "amd64" : "arm64" };
        return { ...raw.descriptor, platform };
      }),
    );
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = { schemaVersion: 2, mediaType, manifests };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    await project.store.createTag("v2.0.0", { bytes, mediaType }, go);
    return children;
  }

  test("of an index says that its manifests are not covered; --recursive signs them", async () => {
    await using project = await aProject({ versions: [] });
    const [first = "", second = ""] = await anIndex(project);
    const sign = ["artifact", "sign", "v2.0.0", ...KEY];
    const alone = await project.done(...sign, "-o", "json");
    expect(alone.stderr).toContain("--recursive");
    expect(alone.json).toMatchObject({
      children: [
        { digest: first, platform: "linux/amd64", signature: null },
        { digest: second, platform: "linux/arm64", signature: null },
      ],
      warnings: [expect.stringContaining("2 manifests")],
    });
    expect((await project.run("artifact", "verify", "v2.0.0")).code).toBe(0);
    expect((await project.run("artifact", "verify", first)).code).toBe(6);

    const all = await project.done(...sign, "--recursive");
    expect(all.stderr).toBe("");
    expect(all.stdout).toContain("and 2 manifests that it lists");
    for (const digest of [first, second, "v2.0.0"])
      expect((await project.run("artifact", "verify", digest)).code).toBe(0);
  });

  test("signs nothing of an index that lacks a part", async () => {
    await using registry = await startRegistry({ validateManifests: false });
    await using project = await aProject({ versions: [] });
    const reference = `oci://${registry.host}/acme/app`;
    project.write("app.json", "{}");
    const pushed = await project.done("artifact", "push", `${reference}:v1.0.0`, "app.json");
    const there = pushed.stdout.trim();
    const store = createRegistryStore({ uri: reference });
    const found = await store.resolve(there, go);
    const gone = { ...found, digest: `sha256:${"0".repeat(64)}` };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = { schemaVersion: 2, mediaType, manifests: [found, gone] };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    await store.createTag("v2.0.0", { bytes, mediaType }, go);

    const sign = ["artifact", "sign", `${reference}:v2.0.0`, ...KEY, "--recursive", "--json"];
    const run = await project.run(...sign);
    expect(run.code).toBe(3);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: expect.stringContaining("nothing was signed"),
    });
    expect(await store.referrers(found?.digest ?? digestOf(bytes), go)).toEqual([]);
    expect(await store.referrers(digestOf(bytes), go)).toEqual([]);
    await store[Symbol.asyncDispose]?.();
  });

  test("with -a signs the annotations along", async () => {
    await using project = await aProject({ versions: [] });
    await project.publish("v1.0.0", { signed: false });
    const signed = await project.done(
      ...["artifact", "sign", "v1.0.0", ...KEY, "-a", "commit=4f0c1d2", "-a", "run=a=b", "--json"],
    );
    const raw = await project.store.getManifest(String(signed.json["signature"]), go);
    const { layers } = JSON.parse(Buffer.from(raw?.bytes ?? []).toString()) as {
      layers: { digest: string }[];
    };
    const blob = project.read(
      join(".floe/registry/blobs", layers[0]?.digest.replace(":", "/") ?? ""),
    );
    const { dsseEnvelope } = JSON.parse(blob) as { dsseEnvelope: { payload: string } };
    expect(JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString())).toMatchObject({
      subject: [{ annotations: { commit: "4f0c1d2", run: "a=b" } }],
    });
    expect((await project.run("artifact", "verify", "v1.0.0")).code).toBe(0);
    expect((await project.run("artifact", "sign", "v1.0.0", "-a", "novalue")).code).toBe(2);
  });
});

describe("a manifest made by hand that says little", () => {
  test("has signing on: unsigned artifacts are refused, and so is whoever signs nothing", async () => {
    await using project = await aProject({
      signing: {},
      verification: { public_key_ref: "keys/artifact.pub" },
      versions: [],
    });
    await project.publish("v1.0.0", { signed: false });
    const promote = ["promote", "v1.0.0", "--to", "dev"];
    const unsigned = await project.run(...promote, "--key", "keys/release.key", "--json");
    expect(unsigned.code).toBe(6);
    await project.done("artifact", "sign", "v1.0.0", ...KEY);
    const nobody = await project.run(...promote, "--json");
    expect(nobody.code).toBe(12);
    expect(nobody.json["error"]).toMatchObject({ code: "FLOE_SIGNER_MISSING" });
    await project.done(...promote, "--key", "keys/release.key");
  });

  test("without a word about verification is refused, and says how to declare it or switch it off", async () => {
    await using project = await aProject();
    const text = project.read("manifest.yaml");
    project.write("manifest.yaml", text.replace(/ {2}verification:\n(?: {4}.*\n)+/, ""));
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "--json");
    expect(run.code).toBe(2);
    expect(JSON.stringify(run.json)).toMatch(/verification/);
    expect(JSON.stringify(run.json)).toMatch(/enforcement: off/);
  });
});
