import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

const TYPE = "https://acme.example/review/v1";
const KEY = ["--key", "keys/artifact.key"];
const LAUNCHER = fileURLToPath(new URL("../../../bin/run.js", import.meta.url));

describe("artifact attest", () => {
  test("attaches a signed statement, and the artifact keeps its digest", async () => {
    await using project = await aProject();
    project.write("review.json", '{ "approved": true }');
    const digest = (await project.tags())["v1.0.0"];
    const made = await project.done(
      ...["artifact", "attest", "v1.0.0", "--type", TYPE, "--predicate", "review.json"],
      ...[...KEY, "-o", "json"],
    );
    expect(made.json).toMatchObject({ success: true, digest, predicate_type: TYPE });
    const { rows } = await project.done("artifact", "referrers", "v1.0.0", "-o", "json");
    expect(rows).toContainEqual(
      expect.objectContaining({
        digest: made.json["attestation"],
        annotations: expect.objectContaining({ "dev.sigstore.bundle.predicateType": TYPE }),
      }),
    );
    expect((await project.tags())["v1.0.0"]).toBe(digest);
  });

  test("is no signature: an artifact with nothing else is still unsigned", async () => {
    await using project = await aProject({ versions: [] });
    await project.publish("v1.0.0", { signed: false });
    project.write("review.json", "{}");
    const attest = ["artifact", "attest", "v1.0.0", "--predicate", "review.json", ...KEY];
    await project.done(...attest, "--type", TYPE);
    const run = await project.run("artifact", "verify", "v1.0.0", "--json");
    expect(run.code).toBe(6);
    const sign = await project.run(
      ...attest,
      "--type",
      "https://sigstore.dev/cosign/sign/v1",
      "--json",
    );
    expect(sign.code).toBe(2);
    expect(sign.json["error"]).toMatchObject({
      code: "FLOE_PREDICATE_TYPE_RESERVED",
      hint: expect.stringContaining("floe artifact sign"),
    });
  });

  test("reads the predicate from standard input", async () => {
    await using project = await aProject();
    const child = spawn(
      process.execPath,
      [LAUNCHER, "artifact", "attest", "v1.0.0", "--type", TYPE, "--predicate", "-", ...KEY],
      { cwd: project.dir, stdio: ["pipe", "ignore", "inherit"] },
    );
    child.stdin?.end('{"from":"stdin"}');
    expect(await new Promise((done) => child.once("close", done))).toBe(0);
  });

  test.for([
    [["--type", "spdxjson", "--predicate", "cyclonedx.json"], "FLOE_PREDICATE_INVALID"],
    [["--type", "nothing", "--predicate", "cyclonedx.json"], "FLOE_USAGE_INVALID"],
    [["--type", TYPE, "--predicate", "none.json"], "FLOE_USAGE_INVALID"],
    [["--type", TYPE, "--predicate", "keys"], "FLOE_USAGE_INVALID"],
    [["--type", TYPE, "--predicate", "empty.json"], "FLOE_USAGE_INVALID"],
    [
      ["--type", "https://floe.dev/attestation/promotion/v1", "--predicate", "cyclonedx.json"],
      "FLOE_PREDICATE_TYPE_RESERVED",
    ],
  ] as const)("refuses %j and writes nothing", async ([flags, code]) => {
    await using project = await aProject();
    project.write("cyclonedx.json", '{"bomFormat":"CycloneDX","specVersion":"1.6"}');
    project.write("empty.json", "");
    const before = await project.registryState();
    const run = await project.run("artifact", "attest", "v1.0.0", ...flags, ...KEY, "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code });
    expect(await project.registryState()).toEqual(before);
  });

  test("eight at a time on a registry without the referrers API: eight are there", {
    timeout: 120_000,
  }, async () => {
    await using registry = await startRegistry({ referrers: false });
    await using project = await aProject({ versions: [] });
    const reference = `oci://${registry.host}/acme/app:v1.0.0`;
    project.write("app.json", "{}");
    const digest = (await project.done("artifact", "push", reference, "app.json")).stdout.trim();
    const runs = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        project.write(`p${n}.json`, JSON.stringify({ n }));
        const what = ["--type", `${TYPE}/${n}`, "--predicate", `p${n}.json`, ...KEY];
        return await project.run("artifact", "attest", reference, ...what, "--json");
      }),
    );
    expect(runs.map(({ code }) => code)).toEqual(Array(8).fill(0));
    const listed = await project.done("artifact", "referrers", reference, "-o", "json");
    const digests = new Set(listed.rows.map((row) => row["digest"]));
    expect(digests).toEqual(new Set(runs.map(({ json }) => json["attestation"])));
    expect(digests.size).toBe(8);
    expect(listed.rows.every((row) => row["subject"] === digest)).toBe(true);
  });
});
