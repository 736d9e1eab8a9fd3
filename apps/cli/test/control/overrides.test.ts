import { describe, expect, test } from "vitest";
import { aProject, type ProjectOptions } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";
import { readStatement } from "../bed/read-statement.ts";

const HOUR = 3_600_000;
const hence = (hours: number): string =>
  new Date(Date.now() + hours * HOUR).toISOString().slice(0, 19);

const FROZEN: ProjectOptions = {
  identities: ["alice"],
  groups: { sre: ["alice"] },
  versions: ["v1.0.0", "v1.1.0"],
  environments: [
    {
      name: "dev",
      gates: { policy_compliance: true, smoke: { command: ["false"] } },
      freeze: [{ start: hence(-1), end: hence(9), timezone: "UTC", reason: "holidays", allow: [] }],
      overrides: { freeze: { groups: ["sre"] }, "gate:smoke": { groups: ["sre"] } },
    },
  ],
};
const promote = ["promote", "v1.0.0", "--to", "dev", "-o", "json"];
const both = ["--override", "freeze,gate:smoke", "--reason", "fixes incident 4711"];
const alice = ["--key", "keys/alice.key"];

describe("what stands in the way and may be overridden", () => {
  test("is let pass for a member of the group, and recorded everywhere", async () => {
    await using project = await aProject(FROZEN);
    const dry = await project.done(...promote, ...both, ...alice, "--dry-run");
    const run = await project.done(...promote, ...both, ...alice);
    const overrides = [
      { kind: "freeze", reason: "fixes incident 4711", by: "alice" },
      { kind: "gate:smoke", reason: "fixes incident 4711", by: "alice" },
    ];
    for (const { json } of [dry, run]) {
      expect(json["overrides"]).toEqual(overrides);
      expect(json["warnings"]).toEqual([
        "freeze was overridden by alice: fixes incident 4711",
        "gate:smoke was overridden by alice: fixes incident 4711",
      ]);
    }
    const record = run.json["record"] as { tag: string };
    const { predicate, verified } = await readStatement(project, record.tag, "keys/alice.pub");
    expect(verified).toBe(true);
    expect(predicate["overrides"]).toEqual(overrides);
    expect(predicate["freezes"]).toMatchObject([
      { reason: "holidays", timezone: "UTC", allow: [] },
    ]);
    expect(predicate["gate_results"]).toMatchObject([
      { gate: "policy_compliance", status: "passed" },
      { gate: "smoke", status: "failed" },
    ]);
    const board = await project.done("status", "-o", "json");
    expect(board.rows[0]?.["overrides"]).toEqual(overrides);
    expect((await project.done("status")).stdout).toContain(
      "dev: freeze was overridden by alice for what runs there: fixes incident 4711",
    );
  });

  test("says who may, and refuses the rest with 12", async () => {
    await using project = await aProject(FROZEN);
    const plain = await project.run(...promote);
    expect(plain.code).toBe(13);
    expect((plain.json["error"] as Json)["hint"]).toBe(
      "Wait until then. A member of sre may use --override freeze --reason ….",
    );
    const before = await project.registryState();
    const dry = await project.run(...promote, ...both, "--dry-run");
    expect(await project.registryState()).toEqual(before);
    const run = await project.run(...promote, ...both);
    for (const { code, json } of [dry, run]) {
      expect(code).toBe(12);
      expect((json["blocking"] as Json[]).map((reason) => reason["code"])).toEqual([
        "FLOE_OVERRIDE_NOT_ALLOWED",
        "FLOE_ENVIRONMENT_FROZEN",
      ]);
      expect((json["error"] as Json)["message"]).toBe(
        "release may not override freeze in dev: that takes a member of sre",
      );
    }
  });

  test("is not what a claimed operator may pass", async () => {
    await using project = await aProject(FROZEN);
    const run = await project.run(...promote, ...both, "--operator", "alice");
    expect(run.code).toBe(12);
  });

  test("a lock is passed only where the environment says so", async () => {
    await using project = await aProject(FROZEN);
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident").catch(() => {});
    const text = project
      .read("manifest.yaml")
      .replace(/ +freeze:\n(?: +- start(?:.|\n)*?allow: \[\]\n)/, "");
    project.write("manifest.yaml", text);
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
    const kinds = ["--override", "lock,gate:smoke", "--reason", "the fix"];
    const refused = await project.run(...promote, ...kinds, ...alice);
    expect([refused.code, refused.json["error"]]).toMatchObject([
      12,
      { message: "nobody may override lock in dev: its overrides name no group for it" },
    ]);
    project.write(
      "manifest.yaml",
      text.replace(/( +)gate:smoke:/, "$1lock:\n$1  groups: [sre]\n$1gate:smoke:"),
    );
    const done = await project.done(...promote, ...kinds, ...alice);
    expect(done.json["overrides"]).toMatchObject([{ kind: "lock" }, { kind: "gate:smoke" }]);
  });

  test("a rollback passes as well, with the reason that it has anyway", async () => {
    await using project = await aProject(FROZEN);
    await project.done(...promote, ...both, ...alice);
    await project.done("promote", "v1.1.0", "--to", "dev", ...both, ...alice);
    const rollback = ["rollback", "--env", "dev", "--reason", "leaks", "-o", "json", ...alice];
    expect((await project.run(...rollback)).code).toBe(13);
    const done = await project.done(...rollback, "--override", "freeze,soak");
    expect(done.json["overrides"]).toEqual([{ kind: "freeze", reason: "leaks", by: "alice" }]);
    expect(done.json["warnings"]).toContain("--override soak was not needed, and is not recorded");
    const { predicate } = await readStatement(
      project,
      (done.json["record"] as { tag: string }).tag,
      "keys/alice.pub",
    );
    expect(predicate["overrides"]).toEqual([{ kind: "freeze", reason: "leaks", by: "alice" }]);
    const board = await project.done("status", "-o", "json");
    expect(board.rows[0]?.["overrides"]).toEqual(done.json["overrides"]);
  });
});

describe("an override that was not needed, or is none", () => {
  test("is a warning, and not recorded", async () => {
    await using project = await aProject();
    const run = await project.done(...promote, "--override", "soak,freeze", "--reason", "hurry");
    expect(run.json["overrides"]).toEqual([]);
    expect(run.json["warnings"]).toEqual([
      "--override soak was not needed, and is not recorded",
      "--override freeze was not needed, and is not recorded",
    ]);
  });

  test.each([
    ["frezze", "Did you mean freeze?"],
    ["gate:smoek", "Did you mean gate:smoke?"],
    ["signature", "What can: freeze, soak, lock, approval, gate:smoke."],
    ["quarantine", "What can:"],
    ["policy_compliance", "What can:"],
    ["gate:policy_compliance", "What can:"],
    ["", "For example: --override freeze,gate:tests"],
  ])("ends with 2: --override '%s'", async (kind, hint) => {
    await using project = await aProject(FROZEN);
    const run = await project.run(...promote, "--override", kind, "--reason", "x", ...alice);
    expect(run.code).toBe(2);
    expect((run.json["error"] as Json)["hint"]).toContain(hint);
  });

  test("needs a reason", async () => {
    await using project = await aProject(FROZEN);
    expect((await project.run(...promote, "--override", "freeze", ...alice)).code).toBe(2);
    expect(
      (await project.run(...promote, "--override", "freeze", "--reason", " ", ...alice)).code,
    ).toBe(2);
    expect((await project.run(...promote, "--reason", "x", ...alice)).code).toBe(2);
  });
});
