import type { Manifest } from "@floe/core";
import { expect, test } from "vitest";
import { aWorld, type World } from "../review/a-world.ts";

const HOUR = 3_600_000;
const hence = (hours: number): string =>
  new Date(Date.now() + hours * HOUR).toISOString().slice(0, 19);

const environments = [
  {
    name: "dev",
    gates: { policy_compliance: true },
    authorization: { allowed_operators: ["release", "alice"] },
    freeze: [{ start: hence(-1), end: hence(9), timezone: "UTC" }],
    overrides: { freeze: { groups: ["sre"] } },
  },
];
const groups = { sre: ["alice"] };

async function overridden(world: World, who: string, manifest: Manifest): Promise<void> {
  await world.publish("v1.0.0");
  const override = { kinds: ["freeze"], reason: "a hotfix" };
  const done = await world
    .floe({ who, manifest })
    .promote({ version: "v1.0.0", to: "dev", override });
  expect(done.kind).toBe("done");
}

async function checked(world: World): Promise<unknown> {
  const { checks } = await world.floe().verify({ environment: "dev" });
  return checks.find(({ check }) => check === "overrides");
}

test("approvals, a soak and a failing gate are let pass together, and verify tells each", async () => {
  await using world = await aWorld({
    groups,
    environments: [
      { name: "dev", gates: { policy_compliance: true } },
      {
        name: "prod",
        gates: { policy_compliance: true, smoke: { command: ["false"] } },
        soak: { from: "dev", hours: 24 },
        approvals: { required: 1, from_groups: ["sre"] },
        overrides: Object.fromEntries(
          ["approval", "soak", "gate:smoke"].map((kind) => [kind, { groups: ["sre"] }]),
        ),
      },
    ],
  });
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const wish = { version: "v1.0.0", to: "prod" };
  const kinds = ["approval", "soak", "gate:smoke"];
  const denied = await world
    .floe({ who: "bob" })
    .promote({ ...wish, override: { kinds, reason: "I say so" } });
  expect(denied).toMatchObject({
    kind: "blocked",
    blocking: [
      { code: "FLOE_OVERRIDE_NOT_ALLOWED", exitCode: 12 },
      { code: "FLOE_SOAK_PENDING" },
      { code: "FLOE_OVERRIDE_NOT_ALLOWED" },
      { code: "FLOE_APPROVAL_REQUIRED" },
    ],
  });
  const alice = world.floe({ who: "alice" });
  const done = await alice.promote({ ...wish, override: { kinds, reason: "the fix" } });
  expect(done).toMatchObject({
    kind: "done",
    plan: { overrides: [{ kind: "soak" }, { kind: "approval" }, { kind: "gate:smoke" }] },
  });
  const { checks } = await world.floe().verify({ environment: "prod" });
  const of = (name: string) =>
    checks.find(({ check, environment }) => check === name && environment === "prod")?.status;
  expect([of("approvals"), of("gates"), of("overrides")]).toEqual([
    ...["warning", "warning", "warning"],
  ]);
});

test("an override by somebody who might is told by platform verify", async () => {
  await using world = await aWorld({ environments, groups });
  await overridden(world, "alice", world.manifest);
  expect(await checked(world)).toMatchObject({
    status: "warning",
    summary: "overridden: freeze by alice (a hotfix)",
  });
});

test("an override by somebody who might not, whose floe let them, is found", async () => {
  await using world = await aWorld({ environments, groups });
  // What their floe goes by instead; the ledger says that it was the authority of everybody.
  await overridden(world, "release", { ...world.manifest, groups: { sre: ["release"] } });
  expect(await checked(world)).toMatchObject({
    status: "failed",
    summary: "release might not override freeze",
  });
});

test("a run that was killed after it had overridden is taken up only by who asks for the same", async () => {
  await using world = await aWorld({ environments, groups });
  await world.publish("v1.0.0");
  const wish = { version: "v1.0.0", to: "dev" };
  const override = { kinds: ["freeze"], reason: "a hotfix" };
  const stop = new Error("killed");
  const createTag: World["store"]["createTag"] = async (tag, ...rest) => {
    const newest = (await world.events("dev")).at(-1)?.event.kind;
    const outcome = tag.startsWith("floe-ev.dev.") && newest === "intent";
    if (outcome || /^v1\.\d\.0-dev$/.test(tag)) throw stop;
    return await world.store.createTag(tag, ...rest);
  };
  const store = { ...world.store, createTag };
  const dead = world.floe({ who: "alice", runsOn: "dead", store });
  await expect(dead.promote({ ...wish, override })).rejects.toThrow();
  const alice = world.floe({ who: "alice" });
  const same = await alice.promote({ ...wish, override });
  expect(same).toMatchObject({ kind: "done", resumed: true });
  const kinds = (await world.events("dev")).map(({ event }) => event.kind);
  expect(kinds).toEqual(["genesis", "intent", "reconcile", "outcome"]);

  await world.publish("v1.1.0");
  await expect(dead.promote({ version: "v1.1.0", to: "dev", override })).rejects.toThrow();
  const without = await alice.promote({ version: "v1.1.0", to: "dev" });
  expect(without).toMatchObject({
    kind: "blocked",
    blocking: [{ code: "FLOE_ENVIRONMENT_FROZEN" }],
  });
  const results = (await world.events("dev")).flatMap(({ event }) => event.body.result ?? []);
  expect(results).toEqual(["succeeded", "aborted"]);
  const [row] = await alice.status({ environment: "dev" });
  expect(row).toMatchObject({
    version: "v1.0.0",
    openIntents: [],
    overrides: [{ kind: "freeze", reason: "a hotfix", by: "alice" }],
  });
});
