import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "../review/a-world.ts";

const gates = { policy_compliance: true };
const environments = [
  { name: "dev", gates },
  { name: "staging", gates },
  {
    name: "prod",
    gates,
    soak: { from: "staging", hours: 24 },
    freeze: [
      { rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=16", duration: "62h", timezone: "Europe/Berlin" },
    ],
  },
];

/** A world with a clock that tests set; its first Friday afternoon is that of 2026-11-27. */
async function aClockedWorld(): Promise<{ world: World; set: (time: string) => void }> {
  let now = new Date("2026-11-23T09:00:00Z");
  const world = await aWorld({ environments, now: () => now });
  return {
    world,
    set: (time) => {
      now = new Date(time);
    },
  };
}

describe("an environment that takes only what has soaked", () => {
  test("refuses with 13 until the hours since the commit in the earlier environment are over", async () => {
    const { world, set } = await aClockedWorld();
    await using _ = world;
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    set("2026-11-24T08:59:00Z");
    for (const dryRun of [true, false])
      expect(await world.floe().promote({ version: "v1.0.0", to: "prod", dryRun })).toMatchObject({
        kind: "blocked",
        blocking: [
          {
            code: "FLOE_SOAK_PENDING",
            exitCode: 13,
            message:
              "v1.0.0 is in staging since 2026-11-23T09:00:00Z and has to be there for 24 h: until 2026-11-24 09:00 UTC",
            until: new Date("2026-11-24T09:00:00Z"),
          },
        ],
      });
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row?.held).toEqual([
      {
        kind: "soak",
        version: "v1.0.0",
        reason: "in staging for 24 h first",
        until: "2026-11-24T09:00:00.000Z",
      },
    ]);
    set("2026-11-24T09:00:00Z");
    await world.promote("v1.0.0", "prod");
    const [after] = await world.floe().status({ environment: "prod" });
    expect(after?.held).toEqual([]);
  });

  test("counts anew when it was promoted there anew", async () => {
    const { world, set } = await aClockedWorld();
    await using _ = world;
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    set("2026-11-24T08:00:00Z");
    const again = await world.floe().promote({ version: "v1.0.0", to: "staging", force: true });
    expect(again.kind).toBe("done");
    set("2026-11-24T10:00:00Z");
    expect(await world.floe().promote({ version: "v1.0.0", to: "prod" })).toMatchObject({
      blocking: [{ code: "FLOE_SOAK_PENDING", until: new Date("2026-11-25T08:00:00Z") }],
    });
  });

  test("says where it has to go first when it was never there", async () => {
    const { world } = await aClockedWorld();
    await using _ = world;
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const refused = await world.floe().promote({ version: "v1.0.0", to: "prod" });
    expect(refused).toMatchObject({
      blocking: [
        { code: "FLOE_SOURCE_NOT_PROMOTED" },
        {
          code: "FLOE_SOAK_PENDING",
          hint: "Promote it to staging first: floe promote v1.0.0 --to staging",
        },
      ],
    });
  });
});

describe("a window that closes while a promotion is under way", () => {
  test("stops it right before its commit, and nothing is left open", async () => {
    const { world, set } = await aClockedWorld();
    await using _ = world;
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    set("2026-11-27T14:59:59Z");
    const createTag: World["store"]["createTag"] = async (tag, ...rest) => {
      const created = await world.store.createTag(tag, ...rest);
      // The record is written, and the clock strikes four in Berlin.
      if (tag.startsWith("floe-rec.")) set("2026-11-27T15:00:00Z");
      return created;
    };
    const floe = world.floe({ store: { ...world.store, createTag } });
    expect(await floe.promote({ version: "v1.0.0", to: "prod" })).toMatchObject({
      kind: "blocked",
      blocking: [{ code: "FLOE_ENVIRONMENT_FROZEN", until: new Date("2026-11-30T05:00:00Z") }],
    });
    expect(await world.store.resolve("v1.0.0-prod", go)).toBeNull();
    const results = (await world.events("prod")).flatMap(({ event }) => event.body.result ?? []);
    expect(results).toEqual(["aborted"]);
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ openIntents: [], version: null });
  });
});
