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

    async function rewriteOperator(world: World, changes: Readonly<Record<string, unknown>>) {
      const head = (await world.events("staging")).at(-1);
      if (!head) throw new Error("staging has no ledger");
      const { event } = head;
      await world.forge("release", {
        ...event,
        seq: event.seq + 1,
        prev: head.hash,
        size: event.size + 1,
        id: "rewritten",
        body: { ...event.body, operator: { ...event.actor, ...changes } },
        state: {
          ...event.state,
          current: { ...(event.state["current"] as object), seq: event.seq + 1 },
        },
      });
    }

    test("believes no outcome that gives who it was another name", async () => {
      await using world = await make();
      await rewriteOperator(world, { identity: "alice" });
      expect(await promoteTwice(world)).toMatchObject(REFUSED);
    });

    test("believes no outcome that says it was another key than the one that it shows", async () => {
      await using world = await make();
      const other = world.signers["alice"]?.signer;
      if (!other || other.method === "keyless") throw new Error("nobody to name");
      await rewriteOperator(world, { identity: "alice", key_id: other.keyId });
      await expect(promoteTwice(world)).rejects.toMatchObject({ code: "FLOE_RECORD_INVALID" });
    });

    test("goes by who adopted what was there before floe", async () => {
      await using world = await make();
      const digest = await world.publish("v2.0.0");
      const artifact = await world.store.getManifest("v2.0.0", go);
      const head = (await world.events("staging")).at(-1);
      if (!artifact || !head) throw new Error("nothing to adopt into");
      const { bytes, descriptor } = artifact;
      const { mediaType, size } = descriptor;
      await world.store.createTag("v2.0.0-staging", { bytes, mediaType }, go);
      const { event } = head;
      const seq = event.seq + 1;
      const current = event.state["current"] as object;
      const body = {
        version: "v2.0.0",
        digest,
        media_type: mediaType,
        size,
        tag: "v2.0.0-staging",
      };
      await world.forge("release", {
        ...event,
        seq,
        prev: head.hash,
        size: event.size + 1,
        id: "adopted",
        kind: "adopt",
        body: { ...body, before: null, reason: "it runs there" },
        state: {
          ...event.state,
          current: { ...current, version: "v2.0.0", digest, record: null, seq, adopted: true },
        },
      });
      const to = { version: "v2.0.0", to: "prod" };
      const own = await world.floe().promote({ ...to, dryRun: true });
      expect(verdictOf(own)).toEqual(REFUSED);
      expect(own.kind === "blocked" && own.blocking[0]?.message).toContain(
        "release adopted v2.0.0 in staging",
      );
      expect((await world.floe({ who: "alice" }).promote({ ...to, dryRun: true })).kind).toBe(
        "would_succeed",
      );
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
