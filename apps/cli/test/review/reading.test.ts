import type { MemoryStore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aWorld, type World } from "./a-world.ts";

/** A staging with many events after the promotion of v1.0.0. */
async function busyStaging(): Promise<World> {
  const world = await aWorld();
  await world.publish("v1.0.0");
  await world.publish("v1.1.0");
  await world.promote("v1.0.0", "dev", "staging");
  for (let round = 0; round < 60; round += 1) {
    await world.floe().lock({ environment: "staging", reason: "a" });
    await world.floe().unlock({ environment: "staging", reason: "b" });
  }
  await world.promote("v1.1.0", "dev", "staging");
  return world;
}

function counting(world: World): { readonly store: MemoryStore; readonly events: () => number } {
  const store = world.store.reopen();
  let events = 0;
  store.fail(({ operation, target }) => {
    if (operation === "getManifest" && target.startsWith("floe-ev.staging.")) events += 1;
    return false;
  });
  return { store, events: () => events };
}

describe("a ledger with many events", () => {
  test("is not read whole for what is near its end", async () => {
    await using world = await busyStaging();
    const cases = [
      ["status", async (store: MemoryStore) => await world.floe({ store }).status()],
      [
        "history",
        async (store: MemoryStore) =>
          await world.floe({ store }).history({ environment: "staging", limit: 3 }),
      ],
      [
        "promote",
        async (store: MemoryStore) =>
          await world.floe({ store }).plan({ version: "v1.1.0", to: "prod" }),
      ],
      [
        "rollback",
        async (store: MemoryStore) =>
          await world
            .floe({ store })
            .rollback({ environment: "staging", reason: "x", dryRun: true }),
      ],
    ] as const;
    for (const [name, run] of cases) {
      const { store, events } = counting(world);
      await run(store);
      expect([name, events()]).toEqual([name, expect.toSatisfy((count: number) => count <= 40)]);
    }
  });

  test("still gives all of its history, newest first, and finds what is far back", async () => {
    await using world = await busyStaging();
    const rows = await world.floe().history({ environment: "staging" });
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => rows.length - 1 - index));
    expect(rows.at(-1)?.kind).toBe("genesis");
    const old = await world.floe().history({ environment: "staging", version: "v1.0.0" });
    expect(old.map(({ kind }) => kind)).toEqual(["outcome", "intent"]);
    expect((await world.floe().promote({ version: "v1.0.0", to: "prod" })).kind).toBe("done");
  });
});
