import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aKeylessProject, as, ISSUER, tokenOf } from "../bed/a-keyless-project.ts";
import { aProject, type Project } from "../bed/a-project.ts";
import { floe } from "../bed/floe.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";
import { writeKeys } from "../bed/write-keys.ts";

/** Publishes a version that `build` has signed. */
async function publish(project: Project, version: string): Promise<void> {
  project.write("app.json", JSON.stringify({ version }));
  await project.done("artifact", "push", version, "app.json");
  const env = as("build@acme.example");
  const run = await project.runWith({ env }, "artifact", "sign", version, "-o", "json");
  expect([run.code, run.stderr]).toEqual([0, ""]);
  expect(run.json).toMatchObject({ signer: "build@acme.example" });
}

describe("a project whose people sign keyless", () => {
  test("signs, promotes through authorization and shows who it was, with no key anywhere", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    expect((await project.done("artifact", "verify", "v1.0.0")).stdout).toContain("is signed by");
    const ci = { env: as("ci@acme.example") };
    for (const to of ["dev", "prod"]) {
      const run = await project.runWith(ci, "promote", "v1.0.0", "--to", to, "-o", "json");
      expect(run.code, run.stdout + run.stderr).toBe(0);
      expect(run.stderr).not.toContain("warning");
      expect(run.json).toMatchObject({ operator: "ci", signature_status: "valid" });
    }
    // Reading needs no token.
    const { rows } = await project.done("status", "-o", "json");
    expect(rows.map((row) => [row["environment"], row["promoted_by"], row["findings"]])).toEqual([
      ["dev", "ci", []],
      ["prod", "ci", []],
    ]);
    const history = await project.done("platform", "history", "--env", "prod", "-o", "json");
    expect(history.rows.map((row) => [row["kind"], row["operator"]])).toEqual([
      ["outcome", "ci"],
      ["intent", "ci"],
      ["genesis", "ci"],
    ]);
  });

  test("a lock, a rollback and the way back are signed the same way", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    await publish(project, "v1.1.0");
    const ci = { env: as("ci@acme.example") };
    for (const version of ["v1.0.0", "v1.1.0"])
      expect((await project.runWith(ci, "promote", version, "--to", "dev")).code).toBe(0);
    const env = ["--env", "dev", "--reason", "r"];
    for (const command of [["platform", "lock"], ["platform", "unlock"], ["rollback"]])
      expect((await project.runWith(ci, ...command, ...env)).code).toBe(0);
    const { rows } = await project.done("status", "--env", "dev", "-o", "json");
    expect(rows).toMatchObject([{ version: "v1.0.0", promoted_by: "ci", findings: [] }]);
  });

  test("a checkpoint is in the log by its signature, and one by a key is put there", async () => {
    await using bed = await aKeylessProject();
    const { project, sigstore } = bed;
    await publish(project, "v1.0.0");
    writeKeys(project.dir, "release");
    const manifest = parse(project.read("manifest.yaml"));
    manifest.identities.release = { key: "keys/release.pub" };
    manifest.artifacts.promotion.audit = { anchors: [{ kind: "rekor" }] };
    project.write("manifest.yaml", stringify(manifest));
    const ci = { env: as("ci@acme.example") };
    expect((await project.runWith(ci, "promote", "v1.0.0", "--to", "dev")).code).toBe(0);
    const made = await project.runWith(ci, "audit", "checkpoint");
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toContain(`✓ rekor (${sigstore.url}): it was there`);
    const key = ["--key", "keys/release.key"];
    await project.done("platform", "lock", "--env", "dev", "--reason", "r", ...key);
    const logged = await project.done("audit", "checkpoint", ...key);
    expect(logged.stdout).toMatch(/✓ rekor \(http:\/\/127\.0\.0\.1:\d+\)$/m);
    const asked = sigstore.requests.length;
    const verified = await project.done("audit", "verify", "--env", "dev", "--require-anchor");
    expect(verified.stdout).toMatch(/✓ rekor \(http:\/\/127\.0\.0\.1:\d+\): ok, 4 events/);
    expect(sigstore.requests).toHaveLength(asked);
  });

  test("a subject that a pattern covers is that identity", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    const alice = { env: as("alice+laptop@acme.example") };
    for (const to of ["dev", "prod"])
      expect((await project.runWith(alice, "promote", "v1.0.0", "--to", to)).code).toBe(0);
    const { rows } = await project.done("status", "--env", "prod", "-o", "json");
    expect(rows).toMatchObject([{ promoted_by: "alice", findings: [] }]);
  });

  test("a dry run takes the identity from the token and asks no service", async () => {
    await using bed = await aKeylessProject();
    const { project, sigstore } = bed;
    await publish(project, "v1.0.0");
    const asked = sigstore.requests.length;
    const before = await project.registryState();
    const env = as("ci@acme.example");
    const run = await project.runWith(
      { env },
      ...["promote", "v1.0.0", "--to", "dev", "--dry-run", "-o", "json"],
    );
    expect([run.code, run.json["operator"]]).toEqual([0, "ci"]);
    expect(sigstore.requests.length).toBe(asked);
    expect(await project.registryState()).toEqual(before);
  });
});

describe("who is not proven", () => {
  test("somebody else with the label of one who may, is refused and told how to prove it", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    const mallory = { env: as("mallory@acme.example") };
    const promote = ["promote", "v1.0.0", "--operator", "ci", "-o", "json"];
    // Where nobody is asked for, it is done under the own name.
    const open = await project.runWith(mallory, ...promote, "--to", "dev");
    expect([open.code, open.json["operator"]]).toEqual([0, "mallory@acme.example"]);
    for (const dry of [["--dry-run"], []]) {
      const run = await project.runWith(mallory, ...promote, "--to", "prod", ...dry);
      expect(run.code).toBe(12);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_NOT_AUTHORIZED",
        message: expect.stringMatching(/mallory@acme\.example.*from SIGSTORE_ID_TOKEN/),
        hint: expect.stringContaining(`token of ci (ci@acme.example of ${ISSUER})`),
      });
    }
    expect(Object.keys(await project.tags())).not.toContain("v1.0.0-prod");
  });

  test("a subject with one character more or less is somebody else", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    await project.runWith({ env: as("ci@acme.example") }, "promote", "v1.0.0", "--to", "dev");
    for (const subject of ["ci@acme.exampl", "ci@acme.example2", "alice+a/b@acme.example"]) {
      const env = as(subject);
      const run = await project.runWith({ env }, "promote", "v1.0.0", "--to", "prod");
      expect([subject, run.code]).toEqual([subject, 12]);
    }
  });

  test("an expired token proves nobody, and is not shown", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    const before = await project.registryState();
    const token = tokenOf("ci@acme.example", -5);
    const env = { SIGSTORE_ID_TOKEN: token };
    const run = await project.runWith({ env }, "promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_IDENTITY_TOKEN_INVALID",
      message: expect.stringContaining("expired"),
    });
    expect(run.stdout + run.stderr).not.toContain(token.slice(20, 60));
    expect(await project.registryState()).toEqual(before);
  });

  test("somebody who was shut out cannot date a signature back", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    // What a registry says of the time goes into events; this one is an hour behind.
    const hour = 3_600_000;
    await using registry = await startRegistry({ now: () => new Date(Date.now() - hour) });
    const text = project
      .read("manifest.yaml")
      .replace("oci-layout:./.floe/registry", `oci://${registry.host}/acme/app`);
    project.write("manifest.yaml", text);
    await publish(project, "v1.0.0");
    const ci = { env: as("ci@acme.example") };
    expect((await project.runWith(ci, "promote", "v1.0.0", "--to", "dev")).code).toBe(0);
    const revoked: { identities: { ci: Record<string, unknown> } } = parse(text);
    revoked.identities.ci["revoked_at"] = new Date(Date.now() - hour / 2).toISOString();
    project.write("manifest.yaml", stringify(revoked));
    const run = await project.runWith(ci, "promote", "v1.0.0", "--to", "prod");
    expect(run.code).not.toBe(0);
    const { rows } = await project.run("status", "--env", "prod", "-o", "json");
    expect(rows).toMatchObject([{ version: null }]);
    const tags = await project.done("artifact", "list", "--all", "-o", "json");
    expect(tags.rows.map((row) => row["tag"])).not.toContain("v1.0.0-prod");
  });

  test("without a token the refusal says where one was looked for", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SIGNER_MISSING",
      message: expect.stringMatching(/SIGSTORE_ID_TOKEN and GitHub Actions: no token/),
    });
    const sign = await project.run("artifact", "sign", "v1.0.0", "-o", "json");
    expect(sign.code).toBe(12);
    expect(sign.json["error"]).toMatchObject({
      code: "FLOE_SIGNER_MISSING",
      hint: expect.stringContaining("id-token: write"),
    });
  });

  test("a token does not count where the manifest knows keys only", async () => {
    await using project = await aProject();
    const env = as("mallory@acme.example");
    const run = await project.runWith({ env }, "promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect([run.code, run.json["operator"]]).toEqual([0, "release"]);
  });

  test("a certificate authority that is down changes nothing, with 5", async () => {
    await using bed = await aKeylessProject();
    const { project, sigstore } = bed;
    await publish(project, "v1.0.0");
    sigstore.fail("/api/v2/signingCert", { status: 503, body: "busy" });
    const env = as("ci@acme.example");
    const run = await project.runWith({ env }, "promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.json["error"]).toMatchObject({ code: "FLOE_SIGNING_SERVICE_FAILED" });
    expect(run.code).toBe(5);
    const tags = Object.keys(await project.tags()).filter((tag) => !tag.startsWith("sha256-"));
    expect(tags).toEqual(["v1.0.0"]);
  });
});

describe("artifact sign, attest and sbom with a token", () => {
  test("take services and token from the command line, without a manifest", async () => {
    await using bed = await aKeylessProject();
    const { project, sigstore } = bed;
    await publish(project, "v1.0.0");
    await using elsewhere = await temporaryFolder();
    writeFileSync(join(elsewhere.path, "token"), `${tokenOf("build@acme.example")}\n`);
    const sign = ["artifact", "sign", `oci-layout:${project.registry}:v1.0.0`, "-o", "json"];
    const services = ["--fulcio-url", sigstore.url, "--timestamp-server-url", sigstore.url];
    const direct = await floe([...sign, ...services, "--identity-token", "token"], {
      cwd: elsewhere.path,
    });
    expect([direct.code, direct.stderr]).toEqual([0, ""]);
    expect(direct.json).toMatchObject({ signer: "build@acme.example" });
    const moved = await project.runWith(
      { env: { BUILD_TOKEN: tokenOf("build@acme.example") } },
      ...["artifact", "sign", "v1.0.0", "--identity-token", "env:BUILD_TOKEN", "-o", "json"],
    );
    expect(moved.json).toMatchObject({ success: true, signer: "build@acme.example" });
  });

  test("attest an SBOM that is shown as signed by who signed it", async () => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    project.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}');
    for (const subject of ["ci@acme.example", "mallory@acme.example"])
      await project.runWith(
        { env: as(subject) },
        ...["artifact", "sbom", "v1.0.0", "--file", "sbom.json"],
      );
    const { rows } = await project.done("artifact", "sbom", "v1.0.0", "--show", "-o", "json");
    expect(rows.map(({ signature, signer }) => [signature, signer])).toEqual(
      expect.arrayContaining([
        ["verified", "ci"],
        ["untrusted", null],
      ]),
    );
  });

  test.for([
    [["--fulcio-url", "https://fulcio.example"], "FLOE_USAGE_INVALID", /without a service/],
    [["--keyless", "--rekor-url", "http://rekor.example"], "FLOE_USAGE_INVALID", /not a URL/],
    [["--identity-token", "no-such-file"], "FLOE_USAGE_INVALID", /neither a token nor a file/],
    [["--identity-token", "a.b.c"], "FLOE_USAGE_INVALID", /neither a token nor a file/],
    [
      ["--key", "keys/artifact.key", "--rekor-url", "https://r.example"],
      "FLOE_USAGE_INVALID",
      /a key signs/,
    ],
  ] as const)("refuse %j", async ([flags, code, message]) => {
    await using bed = await aKeylessProject();
    const { project } = bed;
    await publish(project, "v1.0.0");
    const env = as("build@acme.example");
    const run = await project.runWith(
      { env },
      "artifact",
      "sign",
      "v1.0.0",
      ...flags,
      "-o",
      "json",
    );
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("a key and a token do not go together", async () => {
    await using project = await aProject();
    const both = ["--key", "keys/artifact.key", "--keyless"];
    expect((await project.run("artifact", "sign", "v1.0.0", ...both)).code).toBe(2);
  });
});

describe("a certificate authority that goes down in the middle of a promotion", () => {
  test("leaves what the same command finishes", async () => {
    await using bed = await aKeylessProject();
    const { project, sigstore } = bed;
    await publish(project, "v1.0.0");
    const signed = sigstore.requests.filter((path) => path.endsWith("/signingCert")).length;
    const certificates = () =>
      sigstore.requests.filter((path) => path.endsWith("/signingCert")).length - signed;
    // The ledger's beginning and the intent are signed; the record cannot be.
    const watch = setInterval(() => {
      if (certificates() >= 2) sigstore.fail("/api/v2/signingCert", { status: 503, body: "busy" });
    }, 1);
    const promote = ["promote", "v1.0.0", "--to", "dev", "-o", "json"];
    const cut = await project.runWith({ env: as("ci@acme.example") }, ...promote);
    clearInterval(watch);
    expect(cut.code).toBe(5);
    expect(cut.json["error"]).toMatchObject({ code: "FLOE_SIGNING_SERVICE_FAILED" });
    expect(cut.stderr).toContain("the next run closes it");
    expect(Object.keys(await project.tags())).not.toContain("v1.0.0-dev");
    sigstore.fail("/api/v2/signingCert", null);
    const again = await project.runWith({ env: as("ci@acme.example") }, ...promote);
    expect([again.code, again.json["operator"]]).toEqual([0, "ci"]);
    const { rows } = await project.done("status", "--env", "dev", "-o", "json");
    expect(rows).toMatchObject([{ version: "v1.0.0", open_intents: [], findings: [] }]);
  });
});
