import { describe, expect, test } from "vitest";
import { go, type World } from "../review/a-world.ts";
import {
  anApprovedWorld,
  approve,
  environmentsWith,
  GROUPS,
  promoteTwice,
  TO_PROD,
  verdictOf,
} from "./an-approved-world.ts";

const PINNED = { allowed_groups: ["ops"], pin_policy: true };
const NOT_ACCEPTED = { kind: "blocked", codes: ["FLOE_POLICY_NOT_ACCEPTED"], exitCode: 12 };
const NOT_AUTHORIZED = { kind: "blocked", codes: ["FLOE_NOT_AUTHORIZED"], exitCode: 12 };
const BECAUSE = { environment: "prod", reason: "reviewed" };
const approvals = { required: 1, from_groups: ["approvers"] };

describe.each(["atomic", "compare-then-put"] as const)(
  "an environment that pins its policy, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    /** v1.0.0 is in prod, which is pinned by that; v1.1.0 waits in staging. */
    async function pinned(prod: object = {}): Promise<World> {
      const world = await anApprovedWorld({ authorization: PINNED, ...prod }, { tagCreation });
      await approve(world, "bob");
      expect((await promoteTwice(world)).kind).toBe("done");
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      return world;
    }
    const NEXT = { version: "v1.1.0", to: "prod" } as const;
    const NEXT_IN_PROD = { version: "v1.1.0", environment: "prod" } as const;

    test("is pinned by its first promotion, and not by a dry run or a refusal", async () => {
      await using world = await anApprovedWorld({ authorization: PINNED }, { tagCreation });
      await world.floe().promote(TO_PROD);
      expect((await world.floe().status({ environment: "prod" }))[0]?.policy).toBeNull();
      await approve(world, "bob");
      await world.floe().plan(TO_PROD);
      expect((await world.floe().status({ environment: "prod" }))[0]?.policy).toBeNull();
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row?.policy).toMatchObject({ acceptedBy: "release", matches: true });
      expect(
        (await world.events("prod")).filter(({ event }) => event.kind === "policy"),
      ).toHaveLength(1);
      expect(await world.store.listTags({ ...go, prefix: "floe-pin.prod." })).toHaveLength(1);
    });

    test("refuses whoever edits the manifest to let themselves in, and to accept that", async () => {
      await using world = await pinned();
      const edited = await world.remake({
        environments: environmentsWith({
          authorization: { allowed_groups: ["ops"] },
          approvals: undefined,
        }),
        groups: { ...GROUPS, ops: ["release", "alice", "dave"] },
      });
      const before = Object.keys(world.store.tags());
      const as = { who: "dave", manifest: edited };
      const run = await world.floe(as).promote(NEXT);
      expect(verdictOf(run)).toEqual(NOT_ACCEPTED);
      expect(run.kind === "blocked" && run.blocking[0]?.message).toContain(
        "this one changes what it requires and who may do what",
      );
      expect(verdictOf(await world.floe(as).plan(NEXT))).toEqual(NOT_ACCEPTED);
      const accepted = await world.floe(as).acceptPolicy(BECAUSE);
      expect(verdictOf(accepted)).toEqual(NOT_AUTHORIZED);
      expect(accepted.kind === "blocked" && accepted.blocking[0]?.message).toContain(
        "needs group ops of the manifest that was accepted before; dave is in none",
      );
      expect(verdictOf(await world.floe(as).lock(BECAUSE))).toEqual(NOT_ACCEPTED);
      expect(verdictOf(await world.floe(as).rollback(BECAUSE))).toMatchObject({ kind: "blocked" });
      const written = Object.keys(world.store.tags()).filter((tag) => !before.includes(tag));
      expect(written.filter((tag) => !tag.startsWith("floe-ev.prod."))).toEqual([]);
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row).toMatchObject({ version: "v1.0.0", lock: null, policy: { matches: true } });
      expect((await world.floe(as).status({ environment: "prod" }))[0]?.policy).toMatchObject({
        matches: false,
      });
    });

    test("refuses an approval under a manifest that was not accepted", async () => {
      await using world = await pinned();
      const edited = await world.remake({
        environments: environmentsWith({ authorization: PINNED, approvals }),
        groups: { ...GROUPS, approvers: ["dave"] },
      });
      const given = await world.floe({ who: "dave", manifest: edited }).approve(NEXT_IN_PROD);
      expect(verdictOf(given)).toEqual(NOT_ACCEPTED);
    });

    test("goes on with the changed manifest once somebody of the old one has accepted it", async () => {
      await using world = await pinned();
      const changed = await world.remake({
        environments: environmentsWith({ authorization: PINNED, approvals: undefined }),
        groups: { ...GROUPS, ops: ["alice", "dave"] },
      });
      const as = (who: string) => world.floe({ who, manifest: changed });
      // The manifest leaves out who wrote the newest events, which has to be decided first: again not by who comes new.
      await expect(as("alice").acceptPolicy(BECAUSE)).rejects.toMatchObject({ exitCode: 18 });
      const settle = { how: "count", reason: "release was allowed to" } as const;
      expect((await as("dave").reconcile({ environment: "prod", settle })).settled).toEqual([]);
      expect((await as("alice").reconcile({ environment: "prod", settle })).settled).toHaveLength(
        1,
      );
      // Who is in the old manifest alone, or in the new one alone, cannot accept it.
      expect(verdictOf(await as("release").acceptPolicy(BECAUSE))).toEqual(NOT_AUTHORIZED);
      expect(verdictOf(await as("dave").acceptPolicy(BECAUSE))).toEqual(NOT_AUTHORIZED);
      expect(await as("alice").acceptPolicy(BECAUSE)).toMatchObject({
        kind: "done",
        changed: true,
        pinned: true,
        by: "alice",
      });
      expect(await as("alice").acceptPolicy(BECAUSE)).toMatchObject({ changed: false });
      expect(verdictOf(await world.floe().promote(NEXT))).toMatchObject({
        codes: ["FLOE_POLICY_NOT_ACCEPTED", "FLOE_APPROVAL_REQUIRED"],
        exitCode: 12,
      });
      await as("alice").reconcile({ environment: "staging", settle });
      expect((await as("dave").promote(NEXT)).kind).toBe("done");
      // Whoever has not heard of the change is not believed when they say that dave's promotion has no effect.
      await expect(world.floe().promote(NEXT)).rejects.toMatchObject({ exitCode: 18 });
      const stale = await world.floe({ who: "alice" }).reconcile({
        environment: "prod",
        settle: { how: "disregard", reason: "who is dave?" },
      });
      expect(stale).toMatchObject({
        settled: [],
        blocking: [{ code: "FLOE_POLICY_NOT_ACCEPTED", exitCode: 12 }],
      });
    });

    test("cannot be told who may accept when what it is pinned to is gone", async () => {
      await using world = await pinned();
      const [tag] = await world.store.listTags({ ...go, prefix: "floe-pin.prod." });
      await world.store.deleteTag(tag ?? "", go);
      const changed = await world.remake({
        environments: environmentsWith({ authorization: PINNED, approvals: undefined }),
        groups: { ...GROUPS, ops: ["alice", "release", "dave"] },
      });
      const refused = await world.floe({ who: "alice", manifest: changed }).acceptPolicy(BECAUSE);
      expect(verdictOf(refused)).toEqual(NOT_ACCEPTED);
      // Another manifest in its place says nothing either.
      const other = await world.store.getManifest("v1.0.0", go);
      const { bytes, descriptor } = other ?? {};
      if (!bytes || !descriptor) throw new Error("it is gone");
      await world.store.createTag(tag ?? "", { bytes, mediaType: descriptor.mediaType }, go);
      const again = await world.floe({ who: "alice", manifest: changed }).acceptPolicy(BECAUSE);
      expect(verdictOf(again)).toEqual(NOT_ACCEPTED);
    });

    test("is not unpinned by leaving everybody out of the manifest who has written its ledger", async () => {
      await using world = await pinned();
      const edited = await world.remake({
        environments: [
          { name: "dev", gates: { policy_compliance: true } },
          {
            name: "staging",
            gates: { policy_compliance: true },
            authorization: { allowed_operators: ["dave"] },
          },
          {
            name: "prod",
            gates: { policy_compliance: true },
            authorization: { allowed_operators: ["dave"] },
          },
        ],
        groups: {},
        identities: ["dave"],
      });
      const floe = world.floe({ who: "dave", manifest: edited });
      await expect(floe.promote(NEXT)).rejects.toMatchObject({ exitCode: 18 });
      await expect(floe.lock(BECAUSE)).rejects.toMatchObject({ exitCode: 18 });
      for (const how of ["disregard", "count"] as const) {
        const settled = await floe.reconcile({
          environment: "prod",
          settle: { how, reason: "they left" },
        });
        expect(settled.settled).toEqual([]);
        expect(settled.blocking[0]).toMatchObject({ code: "FLOE_NOT_AUTHORIZED", exitCode: 12 });
      }
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row).toMatchObject({ version: "v1.0.0", policy: { matches: true } });
    });

    test("is no longer pinned when somebody of the old manifest accepts one that does not pin", async () => {
      await using world = await pinned();
      const free = await world.remake({
        environments: environmentsWith({ approvals: undefined }),
        groups: GROUPS,
      });
      const floe = world.floe({ manifest: free });
      expect(verdictOf(await floe.promote(NEXT))).toEqual(NOT_ACCEPTED);
      expect(await floe.acceptPolicy(BECAUSE)).toMatchObject({ changed: true, pinned: false });
      expect((await floe.promote(NEXT)).kind).toBe("done");
      const freer = await world.remake({
        environments: environmentsWith({ approvals: undefined }),
        groups: { ...GROUPS, ops: ["release", "alice", "dave"] },
      });
      const next = { ...NEXT, force: true };
      expect((await world.floe({ manifest: freer, who: "dave" }).promote(next)).kind).toBe("done");
    });

    test("may be pinned before its first promotion", async () => {
      await using world = await anApprovedWorld({ authorization: PINNED }, { tagCreation });
      expect(await world.floe().acceptPolicy(BECAUSE)).toMatchObject({ changed: true });
      expect(verdictOf(await world.floe({ who: "dave" }).acceptPolicy(BECAUSE))).toEqual(
        NOT_AUTHORIZED,
      );
      await approve(world, "bob");
      expect((await promoteTwice(world)).kind).toBe("done");
      await expect(
        world.floe().acceptPolicy({ environment: "staging", reason: "r" }),
      ).rejects.toMatchObject({ code: "FLOE_USAGE_INVALID" });
    });

    test("a policy that is accepted while a promotion runs stops it before anything is visible", async () => {
      await using world = await pinned();
      await world.floe({ who: "bob" }).approve(NEXT_IN_PROD);
      const changed = await world.remake({
        environments: environmentsWith({ authorization: PINNED, approvals }),
        groups: { ...GROUPS, ops: ["release", "alice", "dave"] },
      });
      let done = false;
      const store = world.store.reopen({
        async afterWrite(_, { kind, target }) {
          if (done || kind !== "tag" || !target.startsWith("floe-rec.")) return;
          done = true;
          await world.floe({ who: "alice", manifest: changed }).acceptPolicy(BECAUSE);
        },
      });
      const run = await world.floe({ store }).promote(NEXT);
      expect(verdictOf(run)).toEqual(NOT_ACCEPTED);
      expect(world.store.tags()).not.toHaveProperty("v1.1.0-prod");
    });
  },
);
