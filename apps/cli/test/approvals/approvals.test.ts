import { canonicalJson } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { go } from "../review/a-world.ts";
import {
  anApprovedWorld,
  approve,
  environmentsWith,
  GROUPS,
  IN_PROD,
  promoteTwice,
  readAttached,
  TO_PROD,
  verdictOf,
} from "./an-approved-world.ts";

const REQUIRED = { kind: "blocked", codes: ["FLOE_APPROVAL_REQUIRED"], exitCode: 16 };
const DENIED = { kind: "blocked", codes: ["FLOE_APPROVAL_DENIED"], exitCode: 16 };

describe.each(["atomic", "compare-then-put"] as const)(
  "an environment that asks for approvals, on a store with %s tags",
  (tagCreation) => {
    const make = async (prod = {}, options = {}) =>
      await anApprovedWorld(prod, { tagCreation, ...options });

    test("refuses with 16 without one, and runs the gates all the same", async () => {
      await using world = await make();
      const refused = await promoteTwice(world);
      expect(refused).toMatchObject({ ...REQUIRED, gates: ["policy_compliance"] });
      expect(world.store.tags()).not.toHaveProperty("v1.0.0-prod");
      const [event] = await world.floe().history({ environment: "prod" });
      expect(event).toMatchObject({ kind: "refusal", result: "refused", version: "v1.0.0" });
    });

    test("lets the version in once enough different people have approved it", async () => {
      await using world = await make({
        approvals: { required: 2, from_groups: ["approvers"] },
      });
      await approve(world, "bob");
      await approve(world, "bob");
      const half = await promoteTwice(world);
      expect(half).toMatchObject(REQUIRED);
      expect(half.outcome.kind === "blocked" && half.outcome.blocking[0]?.message).toBe(
        "prod needs approvals of 2 people from group approvers; v1.0.0 has bob",
      );
      await approve(world, "carol");
      const { outcome } = await promoteTwice(world);
      expect(outcome.kind).toBe("done");
      if (outcome.kind !== "done") return;
      expect(outcome.plan.approvals.granted.map(({ by }) => by)).toEqual(["bob", "carol"]);
      const record = await readAttached(world, outcome.record.digest);
      expect(record.predicate["approvals"]).toEqual(outcome.plan.approvals.granted);
      expect(record.predicate["plan_digest"]).toBe(outcome.plan.planDigest);
    });

    test("an approval is spent by the promotion, and the next one needs another", async () => {
      await using world = await make();
      await approve(world, "bob");
      expect((await promoteTwice(world)).kind).toBe("done");
      expect(await promoteTwice(world, {}, { force: true })).toMatchObject(REQUIRED);
      await approve(world, "bob");
      expect((await promoteTwice(world, {}, { force: true })).kind).toBe("done");
    });

    test("one denial blocks, however many have approved, until its author takes it back", async () => {
      await using world = await make();
      await approve(world, "bob");
      const denied = await world.floe({ who: "carol" }).deny({ ...IN_PROD, reason: "too late" });
      expect(denied.kind).toBe("done");
      const refused = await promoteTwice(world);
      expect(refused).toMatchObject({ ...DENIED, gates: [] });
      expect(refused.outcome.kind === "blocked" && refused.outcome.blocking[0]?.message).toContain(
        "carol denied v1.0.0 for prod",
      );
      const notHis = await world.floe({ who: "bob" }).deny({ ...IN_PROD, withdraw: true });
      expect(notHis).toMatchObject({ kind: "done", changed: false });
      expect(await promoteTwice(world)).toMatchObject(DENIED);
      const back = await world.floe({ who: "carol" }).deny({ ...IN_PROD, withdraw: true });
      expect(back).toMatchObject({ kind: "done", changed: true, decision: "withdrawn" });
      expect((await promoteTwice(world)).kind).toBe("done");
    });

    test("who approves after denying has changed their mind, and the other way round", async () => {
      await using world = await make();
      await world.floe({ who: "bob" }).deny(IN_PROD);
      await approve(world, "bob");
      expect(verdictOf(await world.floe().promote({ ...TO_PROD, dryRun: true })).kind).toBe(
        "would_succeed",
      );
      await world.floe({ who: "bob" }).deny(IN_PROD);
      expect(verdictOf(await world.floe().promote(TO_PROD)).codes).toEqual([
        "FLOE_APPROVAL_DENIED",
        "FLOE_APPROVAL_REQUIRED",
      ]);
    });

    test("an approval that was taken back counts no more", async () => {
      await using world = await make();
      await approve(world, "bob");
      await world.floe({ who: "bob" }).approve({ ...IN_PROD, withdraw: true });
      expect(await promoteTwice(world)).toMatchObject(REQUIRED);
    });

    test("one's own approval does not count, unless the rule says so", async () => {
      const ops = ["release", "alice", "bob"];
      await using world = await make({}, { groups: { ...GROUPS, ops } });
      await approve(world, "bob");
      const own = await promoteTwice(world, { who: "bob" });
      expect(own).toMatchObject(REQUIRED);
      expect(own.outcome.kind === "blocked" && own.outcome.blocking[0]?.message).toContain(
        "not counted: approval by bob (who runs the promotion)",
      );
      expect((await promoteTwice(world, { who: "release" })).kind).toBe("done");

      const approvals = { required: 1, from_groups: ["approvers"], self_approval: true };
      await using lax = await make({ approvals }, { groups: { ...GROUPS, ops } });
      await approve(lax, "bob");
      expect((await promoteTwice(lax, { who: "bob" })).kind).toBe("done");
    });

    test("approving needs a group, a proven identity and a version that is in the environment before", async () => {
      await using world = await make();
      for (const who of ["release", "dave", "mallory"]) {
        const refused = await world.floe({ who }).approve(IN_PROD);
        expect(verdictOf(refused)).toEqual({
          kind: "blocked",
          codes: ["FLOE_NOT_AUTHORIZED"],
          exitCode: 12,
        });
        expect(refused.kind === "blocked" && refused.blocking[0]?.message).toContain(
          "an approval for prod needs group approvers (bob, carol)",
        );
      }
      await world.publish("v2.0.0");
      const early = { version: "v2.0.0", environment: "prod" };
      expect(verdictOf(await world.floe({ who: "bob" }).approve(early))).toMatchObject({
        codes: ["FLOE_SOURCE_NOT_PROMOTED"],
        exitCode: 11,
      });
      // What nobody wants need not be promoted anywhere first.
      expect((await world.floe({ who: "bob" }).deny(early)).kind).toBe("done");
      expect(await world.floe({ who: "bob" }).approve(IN_PROD)).toMatchObject({ kind: "done" });
    });

    test("who was refused to approve is in the history", async () => {
      await using world = await make();
      await world.floe().promote(TO_PROD);
      await world.floe({ who: "dave" }).approve(IN_PROD);
      const [event] = await world.floe().history({ environment: "prod" });
      expect(event).toMatchObject({
        kind: "refusal",
        action: "approve",
        operator: "dave",
        version: "v1.0.0",
        result: "refused",
      });
    });

    test("what an approver may not approve any more does not count", async () => {
      await using world = await make();
      await approve(world, "bob");
      const moved = await world.remake({ groups: { ...GROUPS, approvers: ["carol"] } });
      const out = await promoteTwice(world, { manifest: moved });
      expect(out).toMatchObject(REQUIRED);
      const revoked = await world.remake({ revoked: { bob: new Date() } });
      const gone = await promoteTwice(world, { manifest: revoked });
      expect(gone).toMatchObject(REQUIRED);
      expect(gone.outcome.kind === "blocked" && gone.outcome.blocking[0]?.message).toContain(
        "approval by bob (whose identity is not valid any more)",
      );
      expect((await promoteTwice(world)).kind).toBe("done");
    });

    test("an approval expires by the store's clock", async () => {
      let now = new Date("2026-11-01T00:00:00Z");
      const approvals = { required: 1, from_groups: ["approvers"], expires_hours: 2 };
      await using world = await make({ approvals }, { now: () => now });
      await approve(world, "bob");
      now = new Date("2026-11-01T01:59:00Z");
      expect((await world.floe().promote({ ...TO_PROD, dryRun: true })).kind).toBe("would_succeed");
      now = new Date("2026-11-01T02:01:00Z");
      expect(await promoteTwice(world)).toMatchObject(REQUIRED);
      expect(await world.floe().approvals()).toMatchObject([
        { status: "pending", approvedBy: [], version: "v1.0.0" },
      ]);
      expect(await world.floe({ who: "bob" }).approve(IN_PROD)).toMatchObject({ changed: true });
      expect((await promoteTwice(world)).kind).toBe("done");
    });

    test("an approval under other requirements, or of other content, does not count", async () => {
      await using world = await make();
      await approve(world, "bob");
      const stricter = await world.remake({
        environments: environmentsWith({
          approvals: { required: 1, from_groups: ["approvers"], expires_hours: 24 },
        }),
      });
      const refused = await promoteTwice(world, { manifest: stricter });
      expect(refused).toMatchObject(REQUIRED);
      expect(refused.outcome.kind === "blocked" && refused.outcome.blocking[0]?.message).toContain(
        "approval by bob (given under other requirements)",
      );
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      expect(verdictOf(await world.floe().promote({ version: "v1.1.0", to: "prod" }))).toEqual(
        REQUIRED,
      );
    });

    test("an approval is published beside the artifact, and again by the same command when that failed", async () => {
      await using world = await make();
      const heal = world.store.fail(({ operation }) => operation === "attach");
      const first = await world.floe({ who: "bob" }).approve({ ...IN_PROD, reason: "seen" });
      expect(first).toMatchObject({ kind: "done", changed: true });
      expect(first.kind === "done" && first.warnings).toHaveLength(1);
      heal();
      const again = await world.floe({ who: "bob" }).approve(IN_PROD);
      expect(again).toMatchObject({ kind: "done", changed: false, warnings: [] });
      const [tag] = await world.store.listTags({ ...go, prefix: "floe-apr." });
      const copy = await readAttached(world, tag ?? "");
      expect(copy.predicateType).toBe("https://floe.dev/attestation/approval/v1");
      expect(copy.predicate).toMatchObject({
        decision: "approved",
        environment: "prod",
        version: "v1.0.0",
        approver: "bob",
        reason: "seen",
        ledger: { hash: again.kind === "done" ? again.event : null },
      });
      const artifact = await world.store.resolve("v1.0.0", go);
      const referrers = artifact ? await world.store.referrers(artifact.digest, go) : [];
      const published = await world.store.resolve(tag ?? "", go);
      expect(referrers.map(({ digest }) => digest)).toContain(published?.digest);
      expect((await world.store.listTags({ ...go, prefix: "floe-apr." })).length).toBe(1);
    });

    test("what waits is listed with the board, until it is promoted", async () => {
      await using world = await make();
      expect(await world.floe().approvals()).toEqual([]);
      await world.floe().promote(TO_PROD);
      const waiting = { environment: "prod", version: "v1.0.0", required: 1 };
      expect(await world.floe().approvals()).toMatchObject([{ ...waiting, status: "pending" }]);
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row?.pendingApprovals).toMatchObject([waiting]);
      await approve(world, "bob");
      expect(await world.floe().approvals({ environment: "prod" })).toMatchObject([
        { ...waiting, approvedBy: ["bob"], deniedBy: [], status: "approved" },
      ]);
      await world.floe({ who: "carol" }).deny(IN_PROD);
      expect(await world.floe().approvals()).toMatchObject([
        { ...waiting, deniedBy: ["carol"], status: "denied" },
      ]);
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, withdraw: true });
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      expect(await world.floe().approvals()).toEqual([]);
      const [after] = await world.floe().status({ environment: "prod" });
      expect(after).toMatchObject({ pendingApprovals: [], findings: [], version: "v1.0.0" });
    });

    test("a plan rests on the approvals: its digest is another with them", async () => {
      await using world = await make();
      const before = await world.floe().plan(TO_PROD);
      await approve(world, "bob");
      const after = await world.floe().plan(TO_PROD);
      const digest = (of: typeof before) => ("plan" in of ? of.plan?.planDigest : null);
      expect(digest(after)).not.toBe(digest(before));
      expect(canonicalJson(digest(await world.floe().plan(TO_PROD)))).toBe(
        canonicalJson(digest(after)),
      );
    });

    test("asks nobody who approves for an environment without approvals", async () => {
      await using world = await make();
      await expect(
        world.floe({ who: "bob" }).approve({ version: "v1.0.0", environment: "dev" }),
      ).rejects.toMatchObject({ code: "FLOE_USAGE_INVALID" });
    });

    test("a rollback needs no approval", async () => {
      await using world = await make();
      await approve(world, "bob");
      await world.floe().promote(TO_PROD);
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      await world.floe({ who: "bob" }).approve({ version: "v1.1.0", environment: "prod" });
      expect((await world.floe().promote({ version: "v1.1.0", to: "prod" })).kind).toBe("done");
      const back = await world.floe().rollback({ environment: "prod", reason: "broken" });
      expect(back).toMatchObject({ kind: "done", plan: { artifact: { version: "v1.0.0" } } });
    });
  },
);
