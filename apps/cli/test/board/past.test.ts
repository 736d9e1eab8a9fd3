import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { aWorld } from "../review/a-world.ts";

test("status --at says what ran at a time, and status VERSION --at where the version stood", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  const times: string[] = [];
  const mark = async (): Promise<void> => {
    await wait(5);
    times.push(new Date().toISOString());
    await wait(5);
  };
  await mark();
  await project.promote("v1.0.0", "dev");
  await mark();
  await project.promote("v1.1.0", "dev");
  await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
  await mark();
  await project.done("platform", "unlock", "--env", "dev", "--reason", "over");
  await project.done("rollback", "--env", "dev", "--reason", "leaks");
  await mark();
  const at = async (index: number, version: string) => {
    const args = ["status", version, "--env", "dev", "--at", times[index] ?? "", "-o", "json"];
    const [row] = (await project.done(...args)).rows;
    expect(row?.["at"]).toBe(times[index]);
    return row;
  };
  const nothing = { version: null, digest: null, ledger: "none", status: "not_promoted" };
  expect(await at(0, "v1.0.0")).toMatchObject(nothing);
  expect(await at(1, "v1.0.0")).toMatchObject({
    ...{ version: "v1.0.0", tag: "v1.0.0-dev", promoted_by: "release", lock: null },
    ...{ held: [], drift: null, ledger: "strong", status: "promoted" },
  });
  expect(await at(2, "v1.0.0")).toMatchObject({
    ...{ version: "v1.1.0", status: "superseded" },
    lock: { reason: "incident", locked_by: "release" },
  });
  expect(await at(3, "v1.1.0")).toMatchObject({
    ...{ version: "v1.0.0", lock: null, status: "rolled_back" },
    held: [{ kind: "rollback", version: "v1.1.0", reason: "leaks" }],
  });
  const board = await project.done("status", "--at", times[2] ?? "");
  expect(board.stdout).toMatch(
    /^At .*, by the ledgers:\nENVIRONMENT .*\ndev +v1\.1\.0 .* locked$/m,
  );

  const history = ["--history", "3", "--at", times[1] ?? ""];
  const [row] = (await project.done("status", "--env", "dev", ...history, "-o", "json")).rows;
  const events = row?.["history"] as { kind: string; seq: number }[];
  expect(events.map(({ seq, kind }) => [seq, kind])).toEqual([
    [2, "outcome"],
    [1, "intent"],
    [0, "genesis"],
  ]);
});

test("status --at refuses what is no time, and a time that has not come", async () => {
  await using project = await aProject();
  for (const time of ["yesterday", "2026-02-30", "2026-02-03T10:00:00", "2999-01-01"]) {
    const run = await project.run("status", "--at", time, "-o", "json");
    expect([time, run.code]).toEqual([time, 2]);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID" });
  }
});

test("status --history N adds the newest events of each environment", async () => {
  await using project = await aProject();
  await project.promote("v1.0.0", "dev");
  const { rows } = await project.done("status", "--history", "2", "-o", "json");
  const shown = await project.done("platform", "history", "--env", "dev", "-n", "2", "-o", "json");
  expect(rows.map((row) => row["history"])).toEqual([shown.rows, [], []]);
  const board = await project.done("status", "--env", "dev", "--history", "1");
  expect(board.stdout).toMatch(/^dev:\nAT +ENVIRONMENT[^\n]+\n\S+ +dev +2 +promote outcome/m);
});

test.each(["atomic", "compare-then-put"] as const)(
  "history marks what somebody wrote who may not change the environment, on a store with %s tags",
  async (tagCreation) => {
    await using world = await aWorld({ tagCreation });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    const head = (await world.events("staging")).at(-1);
    const signer = world.signers["bob"]?.signer;
    if (!head || !signer || signer.method === "keyless") throw new Error("no event, or no key");
    const { event } = head;
    await world.forge("bob", {
      ...event,
      ...{ seq: event.seq + 1, prev: head.hash, size: event.size + 1, id: "forged" },
      ...{ operation: "forged", kind: "lock", body: { reason: "mine now" } },
      actor: { identity: "bob", method: "key", key_id: signer.keyId },
      state: {
        ...event.state,
        lock: { reason: "mine now", by: "bob", at: new Date().toISOString(), seq: 3 },
      },
    });
    const events = await world.floe().history({ environment: "staging" });
    expect(events.map(({ kind, operator, counts }) => [kind, operator, counts])).toEqual([
      ["lock", "bob", false],
      ["outcome", "release", true],
      ["intent", "release", true],
      ["genesis", "release", true],
    ]);
    const [row] = await world.floe().status({ environment: "staging", at: new Date() });
    expect(row).toMatchObject({ lock: null, version: "v1.0.0" });
  },
);

test("history finds events by the digest of a version, and by key id", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev");
  await project.promote("v1.1.0", "dev");
  const digest = (await project.tags())["v1.0.0"];
  const count = async (...args: string[]) =>
    (await project.done("platform", "history", ...args, "-o", "json")).rows.length;
  expect(await count("--version", `v1.0.0@${digest}`)).toBe(2);
  expect(await count("--version", `v1.1.0@${digest}`)).toBe(0);
  expect(await count("--operator", "release")).toBe(5);
  const wrong = await project.run("platform", "history", "--version", "latest-dev", "-o", "json");
  expect(wrong.code).toBe(2);
});
