import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { floe } from "../bed/floe.ts";
import { readStatement } from "../bed/read-statement.ts";

/** Leaves a file behind when it runs, so that a test sees that it did. */
const marking = { command: ["sh", "-c", "echo ran >> ran.txt"] };

describe("a version outside the grammar", () => {
  const hostile: readonly (readonly [string, string, RegExp])[] = [
    ["a command substitution", "$(id)", /v1\.2\.3/],
    ["a trailing line end", "v1.0.0\n", /v1\.2\.3/],
    ["129 characters", `v1.0.0-${"a".repeat(122)}`, /128/],
    ["build metadata", "v1.2.3+build", /\+.*pre-release/],
    ["a path", "../v1.0.0", /v1\.2\.3/],
    ["a tag of a promotion", "latest-dev", /v1\.2\.3/],
    ["nothing", "", /v1\.2\.3/],
  ];
  test.each(hostile)("%s is refused with 2 and a hint", async (_, version, hint) => {
    await using project = await aProject({
      environments: [{ name: "dev", gates: { policy_compliance: true, smoke: true } }],
      gateCommands: { smoke: marking },
    });
    const before = await project.registryState();
    const run = await project.run("promote", version, "--to", "dev", "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json).toMatchObject({
      success: false,
      error: { code: "FLOE_TAG_INVALID", exit_code: 2, hint: expect.stringMatching(hint) },
    });
    expect(await project.registryState()).toEqual(before);
    expect(() => project.read("ran.txt")).toThrow("ENOENT");
  });

  test("is refused by rollback, status and gate run as well", async () => {
    await using project = await aProject();
    for (const args of [
      ["rollback", "$(id)", "--env", "dev", "--reason", "x"],
      ["status", "$(id)"],
      ["gate", "run", "policy_compliance", "$(id)", "--env", "dev"],
    ]) {
      const run = await project.run(...args, "-o", "json");
      expect([run.code, (run.json["error"] as { code: string }).code]).toEqual([
        2,
        "FLOE_TAG_INVALID",
      ]);
    }
  });
});

describe("the command line", () => {
  test.each([
    ["an unknown flag", ["promote", "v1.0.0", "--to", "dev", "--nope"], /nope/],
    ["a missing flag", ["promote", "v1.0.0"], /Missing required flag --to/],
    ["a missing argument", ["promote", "--to", "dev"], /Missing 1 required arg: version/],
    ["a wait that is no duration", ["promote", "v1.0.0", "--to", "dev", "--wait", "soon"], /soon/],
    [
      "an annotation without =",
      ["promote", "v1.0.0", "--to", "dev", "--annotation", "x"],
      /KEY=VALUE/,
    ],
    ["an unknown output format", ["status", "--output", "xml"], /xml/],
    ["a digest that is none", ["promote", "v1.0.0@sha256:abc", "--to", "dev"], /abc/],
    ["an empty reason", ["platform", "lock", "--env", "dev", "--reason", "  "], /reason/],
  ])("%s ends with 2 and says what", async (_, args, what) => {
    await using project = await aProject();
    const run = await project.run(...args);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(what);
  });

  test("a mistake under --json is an error object on stdout", async () => {
    await using project = await aProject();
    for (const format of [
      ["--json"],
      ["-o", "json"],
      ["-o=json"],
      ["--output=json"],
      ["--format", "json"],
    ]) {
      const run = await project.run("promote", "v1.0.0", ...format, "--nope");
      expect(run.code).toBe(2);
      expect(run.json["success"]).toBe(false);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID", exit_code: 2 });
    }
  });

  test("a flag that may be given several times takes one value each", async () => {
    await using project = await aProject();
    const annotations = ["--annotation", "ticket=OPS-12", "--annotation", "run_url=https://ci/7"];
    const run = await project.done("promote", ...annotations, "v1.0.0", "--to", "dev", "--json");
    const { predicate } = await readStatement(
      project,
      `floe-rec.${String(run.json["promotion_id"])}`,
    );
    expect(predicate["annotations"]).toEqual({ ticket: "OPS-12", run_url: "https://ci/7" });
  });

  test("an unknown command ends with 2", async () => {
    await using project = await aProject();
    const run = await project.run("platfrom", "status");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("platfrom");
  });
});

describe("the manifest", () => {
  test("policy_compliance cannot be switched off", async () => {
    await using project = await aProject({
      environments: [{ name: "dev", gates: { policy_compliance: false } }],
    });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_MANIFEST_INVALID",
      message: expect.stringContaining("policy_compliance always runs"),
    });
  });

  test("all errors are told at once, each with its place and what was probably meant", async () => {
    await using project = await aProject();
    project.write(
      "broken.yaml",
      [
        "apiVersion: floe.dev/v1",
        "kind: Manifest",
        "metadata: { name: acme, ownr: me }",
        "artifacts:",
        "  registry: { uri: oci-layout:./.floe/registry }",
        "  verification: { enforcement: enforced, public_key_ref: keys/artifact.pub }",
        "  promotion:",
        "    environments:",
        "      - { name: none, gates: { tets: true } }",
        "",
      ].join("\n"),
    );
    const text = await project.run("manifest", "validate", "-m", "broken.yaml");
    expect(text.code).toBe(2);
    expect(text.stderr).toMatch(/broken\.yaml:3:\d+ metadata\.ownr: .*"owner"/);
    expect(text.stderr).toMatch(/broken\.yaml:6:\d+ .*enforcement/);
    expect(text.stderr).toMatch(/broken\.yaml:9:\d+ .*name/);
    expect(text.stderr).toMatch(/broken\.yaml:9:\d+ .*"tests"/);

    const run = await project.run(
      "promote",
      "v1.0.0",
      "--to",
      "dev",
      "-m",
      "broken.yaml",
      "--json",
    );
    expect(run.code).toBe(2);
    const error = run.json["error"] as { code: string; details: { issues: { line: number }[] } };
    expect(error.code).toBe("FLOE_MANIFEST_INVALID");
    expect(error.details.issues.map((issue) => issue.line)).toEqual(
      expect.arrayContaining([3, 6, 9]),
    );
  });

  test("one that is not there is 2, by name and by searching upwards", async () => {
    await using project = await aProject();
    const named = await project.run("status", "-m", "other.yaml", "-o", "json");
    expect(named.code).toBe(2);
    expect(named.json["error"]).toMatchObject({
      code: "FLOE_MANIFEST_NOT_FOUND",
      message: expect.stringContaining("other.yaml"),
    });
    const searched = await project.run("status", "-m", "keys/manifest.yaml");
    expect(searched.code).toBe(2);
  });

  test("is found from a folder below", async () => {
    await using project = await aProject();
    const below = join(project.dir, "deploy/charts");
    mkdirSync(below, { recursive: true });
    const run = await floe(["promote", "v1.0.0", "--to", "dev"], { cwd: below });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("Promoted v1.0.0 to dev");
  });

  test("a requirement that this version cannot judge blocks with 2 and names it", async () => {
    await using project = await aProject();
    const text = project.read("manifest.yaml");
    const audit = "promotion:\n    audit: { repository: oci://127.0.0.1:1/audit }";
    project.write("manifest.yaml", text.replace("promotion:", audit));
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
      message: expect.stringContaining("audit.repository"),
    });
  });
});

test("a long path is a place, and is named when nothing is there", async () => {
  await using project = await aProject();
  const path = `/${"folder/".repeat(20)}release`;
  const lock = ["platform", "lock", "--env", "dev", "--reason", "x", "-o", "json"];
  const run = await project.run(...lock, "--key", path);
  expect(run.code).toBe(2);
  expect(run.json["error"]).toMatchObject({ message: expect.stringContaining(path) });
});

test("a key that was given instead of its place is refused and not shown", async () => {
  await using project = await aProject();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  const oneLine = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
  const lock = ["platform", "lock", "--env", "dev", "--reason", "x", "-o", "json"];
  for (const secret of [pem, oneLine, `env:${pem}`, `file:${pem}`]) {
    for (const run of [
      await project.run(...lock, "--key", secret),
      await project.runWith({ env: { FLOE_SIGNING_KEY: secret } }, ...lock, "--verbose"),
    ]) {
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_SECRET_UNREADABLE" });
      expect(run.stdout + run.stderr).not.toContain(oneLine.slice(40, 60));
    }
  }
});
