import { FloeError } from "@floe/core/errors";
import type { MemoryStore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aWorld, type World } from "./a-world.ts";

const PROMOTION = { version: "v1.1.0", to: "prod" };

async function ready(tagCreation: "atomic" | "compare-then-put"): Promise<World> {
  const world = await aWorld({ tagCreation });
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging");
  }
  await world.promote("v1.0.0", "prod");
  return world;
}

interface Trouble {
  readonly name: string;
  /** A handle on the store whose Nth write goes wrong. */
  strike: (world: World, at: number, abort: AbortController) => MemoryStore;
}

const down = (): FloeError => new FloeError({ code: "FLOE_REGISTRY_UNAVAILABLE", message: "down" });

const troubles: readonly Trouble[] = [
  {
    name: "an interrupt right after",
    strike: (world, at, abort) =>
      world.store.reopen({
        afterWrite: (n) => (n === at ? abort.abort(new Error("interrupted")) : undefined),
      }),
  },
  {
    name: "a failure of",
    strike: (world, at) =>
      world.store.reopen({
        onWrite(n) {
          if (n === at) throw down();
        },
      }),
  },
  {
    name: "a lost answer to",
    strike: (world, at) =>
      world.store.reopen({
        afterWrite(n) {
          if (n === at) throw down();
        },
      }),
  },
];

describe.each(["atomic", "compare-then-put"] as const)("on a store with %s tags", (tagCreation) => {
  test.each(troubles)(
    "$name any write leaves nothing open that is not committed, and the next run finishes",
    async ({ strike }) => {
      let complete = false;
      for (let at = 1; !complete; at += 1) {
        await using world = await ready(tagCreation);
        const abort = new AbortController();
        let writes = 0;
        const store = strike(world, at, abort);
        const ended = await world
          .floe({ store, runsOn: "dead" })
          .promote(PROMOTION, { signal: abort.signal })
          .then(
            (outcome) => outcome.kind,
            (error: { code?: string }) => error.code ?? "interrupted",
          );
        writes = store.stats.writes;
        complete = writes < at - 1;
        const where = `write ${at}: ${ended}`;
        const [row] = await world.floe().status({ environment: "prod" });
        const committed = world.store.tags()["v1.1.0-prod"] !== undefined;
        // Nothing is said to be done that is not, and nothing is hidden that is.
        expect([where, committed]).toEqual([
          where,
          ended === "done" || ended === "FLOE_LEDGER_OUTCOME_MISSING",
        ]);
        if (ended === "done")
          expect([where, row?.version, row?.openIntents]).toEqual([where, "v1.1.0", []]);
        if (!committed) expect([where, row?.version, row?.drift]).toEqual([where, "v1.0.0", null]);
        if (!committed) expect([where, row?.openIntents]).toEqual([where, []]);
        const again = await world.floe().promote(PROMOTION);
        const expected = ended === "done" ? "blocked" : "done";
        expect([where, again.kind]).toEqual([where, expected]);
        const events = (await world.events("prod")).filter(
          ({ event }) => event.body.version === "v1.1.0",
        );
        const good = events.filter(
          ({ event }) => event.kind === "outcome" && event.body.result === "succeeded",
        );
        expect([where, good.length]).toEqual([where, 1]);
        const count = (kind: string): number =>
          events.filter(({ event }) => event.kind === kind).length;
        expect([where, count("intent")]).toEqual([where, count("outcome")]);
        const [end] = await world.floe().status({ environment: "prod" });
        expect(end).toMatchObject({ version: "v1.1.0", drift: null, openIntents: [] });
      }
    },
  );
});

test("a registry that keeps silent after the commit until floe gives up is told as one that is not there", async () => {
  await using world = await ready("compare-then-put");
  const store = world.store.reopen();
  let silent = false;
  // What a store says whose caller's time is up.
  store.fail(({ operation, target }) => {
    silent ||= operation === "moveTag" && target === "latest-prod";
    return silent ? new DOMException("aborted due to timeout", "TimeoutError") : undefined;
  });
  const run = world.floe({ store, runsOn: "dead" }).promote(PROMOTION);
  await expect(run).rejects.toMatchObject({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    exitCode: 5,
    hint: expect.stringContaining("floe platform reconcile --env prod"),
  });
  await world.promote("v1.1.0", "prod");
  const outcomes = (await world.events("prod")).filter(
    ({ event }) => event.kind === "outcome" && event.body.version === "v1.1.0",
  );
  expect(outcomes.map(({ event }) => event.body.result)).toEqual(["succeeded"]);
});
