import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "./a-world.ts";

const REASON = { environment: "prod", reason: "incident" };

/** A world in which alice wrote the newest event of prod, a lock. */
async function lockedByAlice(tagCreation: "atomic" | "compare-then-put"): Promise<World> {
  const world = await aWorld({ tagCreation });
  await world.publish("v1.0.0");
  for (const to of ["dev", "staging", "prod"]) {
    const done = await world.floe({ who: "alice" }).promote({ version: "v1.0.0", to });
    expect(done.kind).toBe("done");
  }
  await world.floe({ who: "alice" }).lock(REASON);
  return world;
}

async function prodOf(world: World, manifest: World["manifest"]) {
  const [row] = await world.floe({ manifest }).status({ environment: "prod" });
  if (!row) throw new Error("no row");
  return {
    version: row.version,
    locked: row.lock !== null,
    findings: row.findings.map(({ code }) => code),
  };
}

describe.each(["atomic", "compare-then-put"] as const)(
  "after somebody was taken out of the manifest, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    test("what others have gone by since still counts, and nothing has to be decided", async () => {
      await using world = await lockedByAlice(tagCreation);
      await world.publish("v1.1.0");
      await world.publish("v1.2.0");
      for (const to of ["dev", "staging"])
        expect((await world.floe({ who: "alice" }).promote({ version: "v1.1.0", to })).kind).toBe(
          "done",
        );
      await world.promote("v1.2.0", "dev", "staging");
      await world.floe().unlock(REASON);
      const later = await world.remake({ identities: ["release", "bob"] });
      const floe = world.floe({ manifest: later });
      expect(await prodOf(world, later)).toEqual({
        version: "v1.0.0",
        locked: false,
        findings: [],
      });
      const events = await floe.history({ environment: "prod" });
      expect(events.filter(({ operator }) => operator === "alice")).not.toEqual([]);
      // What she brought to staging goes on from there, and prod goes back to what she had brought.
      expect((await floe.promote({ version: "v1.1.0", to: "prod" })).kind).toBe("done");
      const back = await floe.rollback(REASON);
      expect(back).toMatchObject({ kind: "done", plan: { artifact: { version: "v1.0.0" } } });
    });

    test("her newest events close the environment until somebody decides about them", async () => {
      await using world = await lockedByAlice(tagCreation);
      const later = await world.remake({ identities: ["release", "bob"] });
      const floe = world.floe({ manifest: later });
      expect(await prodOf(world, later)).toEqual({
        version: null,
        locked: false,
        findings: ["FLOE_LEDGER_UNSETTLED"],
      });
      const others = await floe.status({});
      expect(others.map(({ environment }) => environment)).toEqual(["dev", "staging", "prod"]);
      await expect(floe.unlock(REASON)).rejects.toMatchObject({
        code: "FLOE_LEDGER_UNSETTLED",
        message: expect.stringMatching(/lock by .*alice/),
      });
    });

    test("they count when somebody says so who may act there", async () => {
      await using world = await lockedByAlice(tagCreation);
      const later = await world.remake({ identities: ["release", "bob"] });
      const settle = { how: "count" as const, reason: "she was allowed to" };
      const bob = await world.floe({ manifest: later, who: "bob" }).reconcile({
        environment: "prod",
        settle,
      });
      expect(bob.blocking).toMatchObject([{ code: "FLOE_NOT_AUTHORIZED" }]);
      const done = await world.floe({ manifest: later }).reconcile({ environment: "prod", settle });
      expect(done.settled).toMatchObject([{ counts: true }]);
      expect(done.settled[0]?.events.length).toBeGreaterThan(0);
      expect(await prodOf(world, later)).toEqual({ version: "v1.0.0", locked: true, findings: [] });
      const again = await world
        .floe({ manifest: later })
        .reconcile({ environment: "prod", settle });
      expect(again.settled).toEqual([]);
      expect((await world.floe({ manifest: later }).unlock(REASON)).kind).toBe("done");
    });

    test("they have no effect when somebody says that, also for those who still know her", async () => {
      await using world = await lockedByAlice(tagCreation);
      await world.floe().unlock(REASON);
      await world.floe({ who: "alice" }).lock(REASON);
      const later = await world.remake({ identities: ["release", "bob"] });
      const settle = { how: "disregard" as const, reason: "her key was stolen" };
      const done = await world.floe({ manifest: later }).reconcile({ environment: "prod", settle });
      expect(done.settled).toMatchObject([{ counts: false }]);
      const untouched = { version: "v1.0.0", locked: false, findings: [] };
      expect(await prodOf(world, later)).toEqual(untouched);
      expect(await prodOf(world, world.manifest)).toEqual(untouched);
    });

    test("a lock that she sets after that has no effect for certain once her identity is revoked", async () => {
      await using world = await lockedByAlice(tagCreation);
      await world.floe().unlock(REASON);
      const later = await world.remake({ revoked: { alice: new Date(Date.now() - 1000) } });
      // She still has her key and the manifest of before.
      await world.floe({ who: "alice" }).lock(REASON);
      expect(await prodOf(world, later)).toEqual({
        version: "v1.0.0",
        locked: false,
        findings: ["FLOE_LEDGER_EVENT_UNAUTHORIZED"],
      });
      const floe = world.floe({ manifest: later });
      await world.publish("v1.1.0");
      for (const to of ["dev", "staging"])
        expect((await floe.promote({ version: "v1.1.0", to })).kind).toBe("done");
      const promoted = await floe.promote({ version: "v1.1.0", to: "prod" });
      expect(promoted).toMatchObject({
        kind: "done",
        warnings: [expect.stringContaining("it has no effect")],
      });
      // Those who came later have said that they passed it over: it is no finding any more, and still has no effect.
      expect(await prodOf(world, later)).toEqual({
        version: "v1.1.0",
        locked: false,
        findings: [],
      });
      expect(await prodOf(world, world.manifest)).toMatchObject({ locked: false });
    });

    test("a new name for the same key changes nothing", async () => {
      await using world = await lockedByAlice(tagCreation);
      const later = await world.remake({ renamed: { alice: "alice-smith" } });
      expect(await prodOf(world, later)).toEqual({ version: "v1.0.0", locked: true, findings: [] });
      expect((await world.floe({ manifest: later }).unlock(REASON)).kind).toBe("done");
    });
  },
);

describe.each(["atomic", "compare-then-put"] as const)(
  "a ledger, on a store with %s tags",
  (tagCreation) => {
    test("counts for the project only that it was made for", async () => {
      await using world = await lockedByAlice(tagCreation);
      const other = await world.remake({ project: "another" });
      await expect(world.floe({ manifest: other }).unlock(REASON)).rejects.toMatchObject({
        code: "FLOE_LEDGER_ELSEWHERE",
        message: expect.stringContaining("another"),
      });
    });

    test("with an event of an unknown kind asks for a newer floe", async () => {
      await using world = await lockedByAlice(tagCreation);
      const head = (await world.events("prod")).at(-1);
      if (!head) throw new Error("no events");
      const { event, hash } = head;
      await world.forge("alice", {
        ...event,
        seq: event.seq + 1,
        prev: hash,
        size: event.size + 1,
        kind: "teleport",
        agent: { name: "floe", version: "9.0.0" },
      });
      await expect(world.floe().unlock(REASON)).rejects.toMatchObject({
        code: "FLOE_LEDGER_EVENT_UNKNOWN",
        exitCode: 18,
        message: expect.stringContaining("floe 9.0.0"),
      });
    });
  },
);

describe("an operation that was interrupted before its record, and whose tag somebody has written by hand", () => {
  async function interrupted(): Promise<World> {
    const world = await aWorld({});
    const digest = await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    const stop = new Error("killed");
    const createTag = async (...args: Parameters<World["store"]["createTag"]>) => {
      // The outcome cannot be written either.
      const outcome =
        args[0].startsWith("floe-ev.prod.") && (await world.events("prod")).length >= 2;
      if (outcome || args[0].startsWith("floe-rec.")) throw stop;
      return await world.store.createTag(...args);
    };
    const store = { ...world.store, createTag };
    const dead = world.floe({ runsOn: "dead", store });
    await expect(dead.promote({ version: "v1.0.0", to: "prod" })).rejects.toThrow();
    const artifact = await world.store.getManifest(digest, go);
    if (!artifact) throw new Error("no artifact");
    const input = { bytes: artifact.bytes, mediaType: artifact.descriptor.mediaType };
    await world.store.createTag("v1.0.0-prod", input, go);
    return world;
  }

  const results = async (world: World): Promise<unknown[]> =>
    (await world.events("prod")).flatMap(({ event }) =>
      event.kind === "outcome" ? [event.body.result] : [],
    );

  test("is closed by others: a tag alone is no promotion", async () => {
    await using world = await interrupted();
    const again = await world.floe({ who: "alice" }).promote({ version: "v1.0.0", to: "prod" });
    expect(again).toMatchObject({
      kind: "blocked",
      blocking: [{ code: "FLOE_TARGET_TAG_EXISTS" }],
    });
    expect(await results(world)).toEqual(["aborted"]);
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ openIntents: [], version: null });
  });

  test("is finished by the same command of the same operator", async () => {
    await using world = await interrupted();
    const again = await world.floe().promote({ version: "v1.0.0", to: "prod" });
    expect(again).toMatchObject({ kind: "done", resumed: true });
    expect(await results(world)).toEqual(["succeeded"]);
  });
});
