import { describe, expect, test } from "vitest";
import { aWorld, type World } from "./a-world.ts";

describe("an event whose tag is listed before it can be read", () => {
  /** What status says on a store that has the newest event so many times not yet. */
  async function promoted(world: World, misses: number): Promise<string | null | undefined> {
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    let left = misses;
    const getManifest: World["store"]["getManifest"] = async (reference, options) => {
      if (reference.startsWith("floe-ev.dev.000000000002")) left -= 1;
      else return await world.store.getManifest(reference, options);
      return left >= 0 ? null : await world.store.getManifest(reference, options);
    };
    const [row] = await world.floe({ store: { ...world.store, getManifest } }).status({
      environment: "dev",
    });
    return row?.findings[0]?.message ?? row?.version;
  }

  test("is waited for", async () => {
    await using world = await aWorld({ tagCreation: "compare-then-put" });
    expect(await promoted(world, 3)).toBe("v1.0.0");
  });

  test("is an alarm when it stays away", async () => {
    await using world = await aWorld({ tagCreation: "compare-then-put" });
    expect(await promoted(world, 1000)).toContain("its manifest is gone");
  });
});
