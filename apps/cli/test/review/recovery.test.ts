import type { OperationOutcome } from "@floe/core";
import { digestOf, recordTag } from "@floe/core/model";
import type { MemoryStore, MemoryWrite } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World, type WorldOptions } from "./a-world.ts";

const PROD = { version: "v1.0.0", to: "prod" };

/** A handle of a process that is killed right before a write. */
function killedBefore(world: World, stop: (what: MemoryWrite) => boolean): MemoryStore {
  const store = world.store.reopen({
    onWrite(_, what) {
      if (!stop(what)) return;
      store.fail(() => true);
      throw new Error("killed");
    },
  });
  return store;
}

const atTag =
  (start: string) =>
  ({ kind, target }: MemoryWrite): boolean =>
    kind === "tag" && target.startsWith(start);

async function readyForProd(options: WorldOptions = {}): Promise<World> {
  const world = await aWorld(options);
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev", "staging");
  return world;
}

/** Leaves a promotion to prod open whose process is gone. */
async function interrupted(world: World, stop: (what: MemoryWrite) => boolean): Promise<string> {
  const store = killedBefore(world, stop);
  await expect(world.floe({ store, runsOn: "dead" }).promote(PROD)).rejects.toThrow();
  const intent = (await world.events("prod")).findLast(({ event }) => event.kind === "intent");
  if (!intent) throw new Error("it made no intent");
  return intent.event.operation;
}

async function copyTag(world: World, from: string, to: string): Promise<void> {
  const raw = await world.store.getManifest(from, go);
  if (!raw) throw new Error(`${from} is gone`);
  await world.store.createTag(to, { bytes: raw.bytes, mediaType: raw.descriptor.mediaType }, go);
}

async function endOf(run: Promise<OperationOutcome>): Promise<string> {
  try {
    const outcome = await run;
    return outcome.kind === "blocked" ? (outcome.blocking[0]?.code ?? "blocked") : outcome.kind;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function recordOf(world: World, environment: string): Promise<string> {
  const outcome = (await world.events(environment)).findLast(
    ({ event }) => event.kind === "outcome",
  );
  const tag = outcome?.event.body.record?.tag;
  if (tag === undefined) throw new Error(`${environment} has no record`);
  return tag;
}

describe("what stands under the record tag of an interrupted promotion", () => {
  test("is not taken for its record when it is the record of another environment", async () => {
    await using world = await readyForProd();
    const operation = await interrupted(world, atTag("floe-rec."));
    await copyTag(world, await recordOf(world, "staging"), recordTag(operation));
    expect(await endOf(world.floe().promote(PROD))).toBe("FLOE_RECORD_INVALID");
    expect(world.store.tags()["v1.0.0-prod"]).toBeUndefined();
  });

  test("is not taken for its record when somebody also wrote the environment tag by hand", async () => {
    await using world = await readyForProd();
    const operation = await interrupted(world, atTag("floe-rec."));
    await copyTag(world, await recordOf(world, "staging"), recordTag(operation));
    await copyTag(world, "v1.0.0", "v1.0.0-prod");
    expect(await endOf(world.floe({ runsOn: "dead" }).promote(PROD))).toBe("FLOE_RECORD_INVALID");
    expect(
      await world
        .floe()
        .reconcile({ environment: "prod" })
        .catch((error) => error.code),
    ).toBe("FLOE_RECORD_INVALID");
    expect(world.store.tags()["latest-prod"]).toBeUndefined();
  });

  test("is not taken for its record when it is the signed intent itself", async () => {
    await using world = await readyForProd();
    const operation = await interrupted(world, atTag("floe-rec."));
    const intent = (await world.events("prod")).at(-1);
    const staging = await world.store.getManifest(await recordOf(world, "staging"), go);
    if (!intent || !staging) throw new Error("nothing there");
    const manifest = JSON.parse(new TextDecoder().decode(staging.bytes));
    const layer = {
      ...manifest.layers[0],
      digest: digestOf(intent.bytes),
      size: intent.bytes.byteLength,
    };
    await world.store.putBlob(layer, intent.bytes, go);
    const bytes = new TextEncoder().encode(JSON.stringify({ ...manifest, layers: [layer] }));
    await world.store.createTag(
      recordTag(operation),
      { bytes, mediaType: staging.descriptor.mediaType },
      go,
    );
    await copyTag(world, "v1.0.0", "v1.0.0-prod");
    expect(await endOf(world.floe().promote(PROD))).toBe("FLOE_RECORD_INVALID");
  });
});

describe("a promotion that was interrupted before its commit point", () => {
  test("does not stand in the way of somebody else who promotes the same", async () => {
    await using world = await readyForProd();
    await interrupted(world, atTag("v1.0.0-prod"));
    expect(await endOf(world.floe({ who: "alice" }).promote(PROD))).toBe("done");
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", promotedBy: "alice", openIntents: [] });
  });

  test("is not resumed after the policy changed, and does not stand in the way either", async () => {
    await using world = await readyForProd();
    await interrupted(world, atTag("v1.0.0-prod"));
    const gates = { policy_compliance: { timeout_seconds: 60 } };
    const authorization = { allowed_operators: ["release", "alice"] };
    const manifest = await world.remake({
      environments: [
        { name: "dev", gates },
        { name: "staging", gates, authorization },
        { name: "prod", gates: { ...gates, extra: { command: ["true"] } }, authorization },
      ],
    });
    const outcome = await world.floe({ manifest }).promote(PROD);
    expect(outcome).toMatchObject({ kind: "done", resumed: false });
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", openIntents: [] });
  });
});

describe("an owner that is slower than its lease", () => {
  test("does not close what another has taken over", async () => {
    let now = new Date("2026-11-22T10:00:00.000Z");
    await using world = await readyForProd({ now: () => now });
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    // The owner hangs before its record is written, on another machine.
    const slow = world.store.reopen({
      now: () => now,
      async onWrite(_, what) {
        if (!atTag("floe-rec.")(what)) return;
        reached.resolve();
        await held.promise;
      },
    });
    const owner = endOf(world.floe({ store: slow, runsOn: "elsewhere" }).promote(PROD));
    await reached.promise;
    now = new Date(now.getTime() + 300_000);
    // The one who takes it over is right before the commit when the owner wakes up.
    const taker = world.store.reopen({
      now: () => now,
      async onWrite(_, what) {
        if (!atTag("v1.0.0-prod")(what)) return;
        held.resolve();
        await owner;
      },
    });
    expect(await endOf(world.floe({ store: taker }).promote(PROD))).toBe("done");
    expect(await owner).not.toBe("done");
    const outcomes = (await world.events("prod")).filter(({ event }) => event.kind === "outcome");
    expect(outcomes.map(({ event }) => event.body.result)).toEqual(["succeeded"]);
    const records = Object.keys(world.store.tags()).filter((tag) => tag.startsWith("floe-rec."));
    expect(records).toHaveLength(3);
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", drift: null, openIntents: [] });
  });
});

describe("a rollback tag that somebody wrote by hand", () => {
  async function withTwo(): Promise<World> {
    const world = await aWorld();
    for (const version of ["v1.0.0", "v1.1.0"]) {
      await world.publish(version);
      await world.promote(version, "dev", "staging", "prod");
    }
    return world;
  }
  const BACK = { environment: "prod", reason: "broken" };

  test("is what the dry run says as well: both go on with the next number, or both refuse", async () => {
    await using world = await withTwo();
    await copyTag(world, "v1.1.0", "v1.0.0-prod-rollback-1");
    const planned = await endOf(world.floe().rollback({ ...BACK, dryRun: true }));
    const ran = await endOf(world.floe().rollback(BACK));
    expect([planned, ran]).toEqual(["would_succeed", "done"]);
    expect(world.store.tags()["v1.0.0-prod-rollback-2"]).toBe(world.store.tags()["v1.0.0"]);
  });

  test("is not named as written when an interrupted rollback is finished", async () => {
    await using world = await withTwo();
    const store = killedBefore(world, atTag("floe-ev.prod.000000000006"));
    await expect(world.floe({ store, runsOn: "dead" }).rollback(BACK)).rejects.toThrow();
    await world.store.deleteTag("v1.0.0-prod-rollback-1", go);
    await copyTag(world, "v1.1.0", "v1.0.0-prod-rollback-1");
    expect(await endOf(world.floe().rollback(BACK))).toBe("FLOE_LEDGER_DRIFT");
  });

  test("an interrupted rollback is what a dry run starts from", async () => {
    await using world = await withTwo();
    await world.publish("v1.2.0");
    await world.promote("v1.2.0", "dev", "staging", "prod");
    const store = killedBefore(world, atTag("floe-ev.prod.000000000008"));
    await expect(world.floe({ store, runsOn: "dead" }).rollback(BACK)).rejects.toThrow();
    const planned = await world.floe().rollback({ ...BACK, dryRun: true });
    const ran = await world.floe().rollback(BACK);
    if (planned.kind !== "would_succeed" || ran.kind !== "done")
      throw new Error("not what was expected");
    expect(ran.plan.artifact.version).toBe("v1.1.0");
    expect(planned.plan.artifact.version).toBe("v1.1.0");
    expect(planned.plan.rollback?.from.version).toBe(ran.plan.rollback?.from.version);
  });

  test("an interrupted promotion that had committed is what a dry run rolls back from", async () => {
    await using world = await withTwo();
    await world.publish("v1.2.0");
    await world.promote("v1.2.0", "dev", "staging");
    const store = killedBefore(world, atTag("floe-ev.prod.000000000006"));
    const cut = world.floe({ store, runsOn: "dead" }).promote({ version: "v1.2.0", to: "prod" });
    await expect(cut).rejects.toThrow();
    const planned = await world.floe().rollback({ ...BACK, dryRun: true });
    const ran = await world.floe().rollback(BACK);
    if (planned.kind !== "would_succeed" || ran.kind !== "done")
      throw new Error("not what was expected");
    expect(ran.plan.artifact.version).toBe("v1.1.0");
    expect(planned.plan.artifact.version).toBe("v1.1.0");
    expect(planned.plan.rollback?.from.version).toBe("v1.2.0");
  });
});
