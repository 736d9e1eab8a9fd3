import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

describe("a locked environment", () => {
  test("refuses promotions of every other process with 13 until it is unlocked", async () => {
    await using project = await aProject();
    const locked = await project.done(
      ...["platform", "lock", "--env", "dev", "--reason", "incident 4711", "-o", "json"],
    );
    expect(locked.json).toEqual({
      success: true,
      environment: "dev",
      locked: true,
      changed: true,
      operator: "release",
      at: expect.stringMatching(/^\d{4}-/),
      reason: "incident 4711",
      event: expect.stringMatching(/^sha256:/),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const refused = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(refused.code).toBe(13);
    expect(refused.json["error"]).toMatchObject({
      code: "FLOE_ENVIRONMENT_LOCKED",
      message: expect.stringMatching(/locked by release at .*: incident 4711/),
      hint: expect.stringContaining("floe platform unlock --env dev"),
    });
    const board = await project.done("status", "--env", "dev", "-o", "json");
    expect(board.rows[0]?.["lock"]).toEqual({
      reason: "incident 4711",
      locked_by: "release",
      locked_at: locked.json["at"],
    });

    const unlock = ["platform", "unlock", "--env", "dev", "--reason", "over", "-o", "json"];
    expect((await project.done(...unlock)).json).toMatchObject({ locked: false, changed: true });
    await project.promote("v1.0.0", "dev");
  });

  test("refuses a rollback as well, and a dry run says the same", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    await project.done("platform", "lock", "--env", "dev", "--reason", "hands off");
    const args = ["rollback", "--env", "dev", "--reason", "x", "-o", "json"];
    for (const more of [["--dry-run"], []]) {
      const run = await project.run(...args, ...more);
      expect(run.code).toBe(13);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_ENVIRONMENT_LOCKED" });
    }
  });

  test("locks one environment and no other", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    await project.done("platform", "lock", "--env", "prod", "--reason", "freeze");
    await project.promote("v1.0.0", "staging");
    expect((await project.run("promote", "v1.0.0", "--to", "prod")).code).toBe(13);
  });
});

test("unlocking what is not locked changes and writes nothing", async () => {
  await using project = await aProject();
  const before = await project.registryState();
  const run = await project.done("platform", "unlock", "--env", "dev", "--reason", "x", "--json");
  expect(run.json).toMatchObject({ success: true, locked: false, changed: false, event: null });
  expect(await project.registryState()).toEqual(before);
});

test("locking again records the new reason", async () => {
  await using project = await aProject();
  for (const reason of ["first", "second"])
    await project.done("platform", "lock", "--env", "dev", "--reason", reason);
  const { rows } = await project.done("platform", "history", "--env", "dev", "-o", "json");
  expect(rows.map((row) => [row["kind"], row["reason"]])).toEqual([
    ["lock", "second"],
    ["lock", "first"],
    ["genesis", null],
  ]);
});
