import type { Manifest } from "@floe/core";
import { canonicalJson } from "@floe/core/model";
import type { Signer } from "@floe/core/ports";
import { describe, expect, test } from "vitest";
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

describe("what a record says was overridden", () => {
  const open = [
    {
      ...environments[0],
      overrides: { freeze: { groups: ["sre"] }, lock: { groups: ["sre"] } },
    },
  ];

  test("may be more than the interrupted run had overridden, where the run that took it over has said so before", async () => {
    await using world = await aWorld({ environments: open, groups });
    await world.publish("v1.0.0");
    const wish = { version: "v1.0.0", to: "dev" };
    const stop = new Error("killed");
    const createTag: World["store"]["createTag"] = async (tag, ...rest) => {
      const newest = (await world.events("dev")).at(-1)?.event.kind;
      const outcome = tag.startsWith("floe-ev.dev.") && newest === "intent";
      if (outcome || tag === "v1.0.0-dev") throw stop;
      return await world.store.createTag(tag, ...rest);
    };
    const dead = world.floe({
      who: "alice",
      runsOn: "dead",
      store: { ...world.store, createTag },
    });
    const reason = "a hotfix";
    await expect(
      dead.promote({ ...wish, override: { kinds: ["freeze"], reason } }),
    ).rejects.toThrow();
    await world.floe({ who: "release" }).lock({ environment: "dev", reason: "audit" });
    const done = await world
      .floe({ who: "alice" })
      .promote({ ...wish, override: { kinds: ["freeze", "lock"], reason } });
    expect(done).toMatchObject({ kind: "done", resumed: true });

    const [row] = await world.floe().status({ environment: "dev" });
    expect(row?.overrides.map(({ kind }) => kind)).toEqual(["freeze", "lock"]);
    const { trusted, checks } = await world.floe().verify({ environment: "dev" });
    expect([trusted, checks]).toEqual([true, checks]);
  });

  test("is found where no event of the operation has announced it", async () => {
    await using world = await aWorld({ environments: open, groups });
    const honest = world.signers["alice"] as Signer;
    // A changed floe: what goes into the record is not what went into the intent.
    (world.signers as Record<string, Signer>)["alice"] = {
      ...honest,
      async sign(payload, options) {
        const statement = JSON.parse(Buffer.from(payload).toString()) as {
          readonly predicateType: string;
          readonly predicate: Readonly<Record<string, unknown>>;
        };
        if (!statement.predicateType.endsWith("/promotion/v1"))
          return await honest.sign(payload, options);
        const said = { kind: "lock", reason: "nobody knows", by: "alice" };
        const { overrides } = statement.predicate as { readonly overrides: readonly unknown[] };
        const predicate = { ...statement.predicate, overrides: [...overrides, said] };
        const changed = canonicalJson({ ...statement, predicate });
        return await honest.sign(new TextEncoder().encode(changed), options);
      },
    };
    await overridden(world, "alice", world.manifest);

    const { trusted, checks } = await world.floe().verify({ environment: "dev" });

    expect(trusted).toBe(false);
    expect(checks.find(({ check }) => check === "record")).toMatchObject({
      status: "failed",
      summary: expect.stringContaining(
        "it says that alice has overridden lock (nobody knows), and neither event 1, which set out to do it,",
      ) as string,
    });
  });
});
