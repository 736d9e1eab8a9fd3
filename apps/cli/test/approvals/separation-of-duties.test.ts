import { describe, expect, test } from "vitest";
import { aWorld, go, type World, type WorldOptions } from "../review/a-world.ts";
import {
  anApprovedWorld,
  approve,
  environmentsWith,
  GROUPS,
  promoteTwice,
  TO_PROD,
  verdictOf,
} from "./an-approved-world.ts";

const SEPARATE = {
  authorization: { allowed_groups: ["ops"], separation_of_duties: true },
  approvals: undefined,
};
const REFUSED = { kind: "blocked", codes: ["FLOE_SEPARATION_OF_DUTIES"], exitCode: 12 };

describe.each(["atomic", "compare-then-put"] as const)(
  "separation of duties, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    const make = async (prod: object = SEPARATE, options: WorldOptions = {}) =>
      await anApprovedWorld({ ...prod }, { tagCreation, ...options });

    test("refuses who promoted the version before, whatever they call themselves", async () => {
      await using world = await make();
      const refused = await promoteTwice(world);
      expect(refused).toMatchObject({ ...REFUSED, gates: [] });
      expect(refused.outcome.kind === "blocked" && refused.outcome.blocking[0]?.message).toMatch(
        /^prod separates duties: release promoted v1\.0\.0 to staging at .*, so somebody else/,
      );
      const claimed = await world.floe().promote({ ...TO_PROD, claimedOperator: "alice" });
      expect(verdictOf(claimed)).toEqual(REFUSED);
      expect(world.store.tags()).not.toHaveProperty("v1.0.0-prod");
      const done = await promoteTwice(world, { who: "alice" });
      expect(done.kind).toBe("done");
    });

    test("goes by the person, not by the key or the name of the day", async () => {
      await using world = await make();
      const rekeyed = await world.remake({
        renamed: { release: "release-before", alice: "Release" },
        groups: { ...GROUPS, ops: ["release-before", "Release"] },
      });
      const other = await world.floe({ who: "alice", manifest: rekeyed }).promote(TO_PROD);
      expect(verdictOf(other)).toEqual(REFUSED);
      const renamed = await world.remake({
        renamed: { release: "zoe" },
        groups: { ...GROUPS, ops: ["zoe", "alice"] },
      });
      expect(verdictOf(await world.floe({ manifest: renamed }).promote(TO_PROD))).toEqual(REFUSED);
    });

    test("goes by who promoted it last, and a rollback brings nothing in", async () => {
      await using world = await make();
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      const back = await world
        .floe({ who: "alice" })
        .rollback({ environment: "staging", reason: "r" });
      expect(back).toMatchObject({ kind: "done", plan: { artifact: { version: "v1.0.0" } } });
      expect(verdictOf(await world.floe().promote(TO_PROD))).toEqual(REFUSED);
      const again = { version: "v1.0.0", to: "staging", force: true };
      expect((await world.floe({ who: "alice" }).promote(again)).kind).toBe("done");
      expect(verdictOf(await world.floe({ who: "alice" }).promote(TO_PROD))).toEqual(REFUSED);
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
    });

    test("asks nothing of the first environment", async () => {
      await using world = await aWorld({
        tagCreation,
        groups: GROUPS,
        people: ["carol"],
        environments: [{ name: "prod", gates: { policy_compliance: true }, ...SEPARATE }],
      });
      await world.publish("v1.0.0");
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
    });

    test("blocks when the history does not say who it was", async () => {
      await using world = await make();
      const tags = await world.store.listTags({ ...go, prefix: "floe-ev.staging." });
      const lost = [...tags].sort()[1] ?? "";
      await world.store.deleteTag(lost, go);
      const before = world.store.tags();
      await expect(world.floe({ who: "alice" }).promote(TO_PROD)).rejects.toMatchObject({
        exitCode: 18,
      });
      expect(world.store.tags()).toEqual(before);
    });
  },
);

describe("who is exempt from the separation of duties", () => {
  const groups = { ops: ["ci", "release"], approvers: ["bob", "ci"] };
  const environments = environmentsWith({
    authorization: { allowed_groups: ["ops"], separation_of_duties: { exempt: ["ci"] } },
    approvals: { required: 1, from_groups: ["approvers"], self_approval: true },
  });

  async function byCi(): Promise<World> {
    const world = await aWorld({ environments, groups, people: ["ci"], keyless: ["ci"] });
    await world.publish("v1.0.0");
    for (const to of ["dev", "staging"])
      expect((await world.floe({ who: "ci" }).promote({ version: "v1.0.0", to })).kind).toBe(
        "done",
      );
    return world;
  }

  test("needs the approval of somebody else, even where one's own counts", async () => {
    await using world = await byCi();
    expect(await promoteTwice(world, { who: "ci" })).toMatchObject({
      codes: ["FLOE_APPROVAL_REQUIRED"],
      exitCode: 16,
    });
    await approve(world, "ci");
    const own = await promoteTwice(world, { who: "ci" });
    expect(own).toMatchObject({ codes: ["FLOE_APPROVAL_REQUIRED"] });
    expect(own.outcome.kind === "blocked" && own.outcome.blocking[0]?.message).toContain(
      "approval by ci (who runs the promotion)",
    );
    await approve(world, "bob");
    expect((await promoteTwice(world, { who: "ci" })).kind).toBe("done");
  });

  test("is only who is named: everybody else is judged", async () => {
    await using world = await byCi();
    const again = { version: "v1.0.0", to: "staging", force: true };
    expect((await world.floe().promote(again)).kind).toBe("done");
    await approve(world, "bob");
    expect(verdictOf(await world.floe().promote(TO_PROD))).toMatchObject({
      codes: ["FLOE_SEPARATION_OF_DUTIES"],
      exitCode: 12,
    });
  });
});
