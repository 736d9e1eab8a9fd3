import { expect, test } from "vitest";
import { aProject, go } from "../../bed/a-project.ts";

test("status -o json is an array with one object per environment in configured order", async () => {
  await using project = await aProject();
  await project.promote("v1.0.0", "dev");
  const { rows } = await project.done("status", "-o", "json");
  const digest = (await project.tags())["v1.0.0"];
  const empty = {
    version: null,
    digest: null,
    tag: null,
    promoted_by: null,
    promoted_at: null,
    lock: null,
    held: [],
    next_freeze: null,
    overrides: [],
    unmet_gates: [],
    adopted: false,
    pending_approvals: [],
    policy: null,
    open_intents: [],
    drift: null,
    ledger: "none",
    findings: [],
  };
  expect(rows).toEqual([
    {
      ...empty,
      environment: "dev",
      version: "v1.0.0",
      digest,
      tag: "v1.0.0-dev",
      promoted_by: "release",
      promoted_at: expect.stringMatching(/^\d{4}-.*Z$/),
      ledger: "strong",
    },
    { ...empty, environment: "staging" },
    { ...empty, environment: "prod" },
  ]);
  const one = await project.done("platform", "status", "--env", "staging", "-o", "json");
  expect(one.rows.map((row) => row["environment"])).toEqual(["staging"]);
});

test("status VERSION says where the version stands, in one word per environment", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0", "v1.2.0"] });
  const words = async (version: string): Promise<unknown[]> => {
    const { rows } = await project.done("status", version, "-o", "json");
    return rows.map((row) => row["status"]);
  };
  await project.promote("v1.0.0", "dev", "staging");
  await project.promote("v1.1.0", "dev", "staging");
  expect(await words("v1.0.0")).toEqual(["superseded", "superseded", "not_promoted"]);
  expect(await words("v1.1.0")).toEqual(["promoted", "promoted", "not_promoted"]);
  expect(await words("v1.2.0")).toEqual(["not_promoted", "not_promoted", "not_promoted"]);
  await project.done("rollback", "--env", "staging", "--reason", "x");
  expect(await words("v1.1.0")).toEqual(["promoted", "rolled_back", "not_promoted"]);
  expect(await words("v1.0.0")).toEqual(["superseded", "promoted", "not_promoted"]);
  const missing = await project.run("status", "v1.3.0", "-o", "json");
  expect([missing.code, missing.json["success"]]).toEqual([3, false]);
});

test("the board shows people versions, a lock, a hold and drift", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev", "staging");
  await project.promote("v1.1.0", "dev");
  await project.done("rollback", "--env", "dev", "--reason", "leaks\u001b[31m memory");
  await project.done("platform", "lock", "--env", "staging", "--reason", "incident");
  const other = await project.store.getManifest("v1.1.0", go);
  if (!other) throw new Error("v1.1.0 is gone");
  const moved = { bytes: other.bytes, mediaType: other.descriptor.mediaType };
  await project.store.moveTag("latest-dev", moved, go);
  const { code, stdout, stderr } = await project.run("status");
  expect(code).toBe(18);
  expect(stdout).toMatch(/^ENVIRONMENT +VERSION +DIGEST +BY +SINCE +STATE\n/);
  expect(stdout).toMatch(/^dev +v1\.0\.0 +sha256:[0-9a-f]+ +release +\S+ +drift$/m);
  expect(stdout).toMatch(/^staging +v1\.0\.0 .* locked$/m);
  expect(stdout).toMatch(/^prod +- +- +- +- +empty$/m);
  expect(stdout).toContain("staging: locked by release");
  expect(stdout).toContain("dev: v1.1.0 is held (rollback: leaks[31m memory)");
  expect(stderr).toMatch(
    /FOUND: latest-dev holds sha256:.* by the ledger it is sha256:.*FLOE_LEDGER_DRIFT/,
  );
  const { rows } = await project.run("status", "--env", "dev", "-o", "json");
  expect(rows[0]?.["drift"]).toEqual({
    expected: rows[0]?.["digest"],
    actual: other.descriptor.digest,
  });
  expect(rows[0]?.["held"]).toEqual([
    { kind: "rollback", version: "v1.1.0", reason: "leaks\u001b[31m memory", until: null },
  ]);
});

test("history -o json is an array of chained events, newest first, that filters narrow", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev");
  await project.promote("v1.1.0", "dev");
  const { rows } = await project.done("platform", "history", "--env", "dev", "-o", "json");
  expect(rows.map((row) => [row["seq"], row["kind"], row["version"]])).toEqual([
    [4, "outcome", "v1.1.0"],
    [3, "intent", "v1.1.0"],
    [2, "outcome", "v1.0.0"],
    [1, "intent", "v1.0.0"],
    [0, "genesis", null],
  ]);
  expect(Object.keys(rows[0] ?? {})).toEqual(
    expect.arrayContaining(
      "seq id kind action environment version digest operator at result reason hash prev".split(
        " ",
      ),
    ),
  );
  for (const [index, row] of rows.entries())
    expect(row["prev"]).toBe(rows[index + 1]?.["hash"] ?? null);
  expect(rows[0]).toMatchObject({ action: "promote", operator: "release", result: "succeeded" });

  const count = async (...args: string[]): Promise<number> =>
    (await project.done("platform", "history", ...args, "-o", "json")).rows.length;
  expect(await count("--version", "v1.0.0")).toBe(2);
  expect(await count("--operator", "nobody")).toBe(0);
  expect(await count("--since", "1h")).toBe(5);
  expect(await count("--since", "2999-01-01")).toBe(0);
  expect(await count("-n", "3")).toBe(3);
});

test("an environment tag that somebody moved is drift, and no source for the next environment", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev");
  const other = await project.store.getManifest("v1.1.0", go);
  if (!other) throw new Error("v1.1.0 is gone");
  const moved = { bytes: other.bytes, mediaType: other.descriptor.mediaType };
  await project.store.moveTag("v1.0.0-dev", moved, go);
  const status = await project.run("status", "--env", "dev", "-o", "json");
  expect(status.code).toBe(18);
  expect(status.rows[0]?.["findings"]).toMatchObject([
    { code: "FLOE_LEDGER_DRIFT", message: expect.stringContaining("v1.0.0-dev holds sha256:") },
  ]);
  const promoted = await project.run("promote", "v1.0.0", "--to", "staging", "-o", "json");
  expect(promoted.code).toBe(18);
  expect(promoted.json["error"]).toMatchObject({
    code: "FLOE_LEDGER_DRIFT",
    message: expect.stringContaining("somebody moved the tag without floe"),
  });
});
