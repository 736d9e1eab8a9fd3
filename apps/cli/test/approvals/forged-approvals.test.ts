import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { go, type RawEvent, type World } from "../review/a-world.ts";
import {
  anApprovedWorld,
  approve,
  environmentsWith,
  GROUPS,
  IN_PROD,
  promoteTwice,
  TO_PROD,
} from "./an-approved-world.ts";

const REQUIRED = { kind: "blocked", codes: ["FLOE_APPROVAL_REQUIRED"], exitCode: 16 };

type Predicate = Readonly<Record<string, unknown>>;

async function head(world: World, environment: string): Promise<RawEvent> {
  const event = (await world.events(environment)).at(-1);
  if (!event) throw new Error(`${environment} has no ledger`);
  return event;
}

/** What the manifest knows of somebody, as events say it. */
function actorOf(world: World, who: string, identity: string | null = who): Predicate {
  const signer = world.signers[who]?.signer;
  if (!signer || signer.method === "keyless") throw new Error(`nobody is ${who}`);
  const { keyId } = signer;
  return { identity, method: "key", key_id: keyId, public_key: world.publicKeys[who] };
}

/** Appends an event to the end of prod's ledger that `who` signs, with whatever in it, as anybody who can push may. */
async function push(world: World, who: string, parts: Predicate): Promise<string> {
  const { event, hash } = await head(world, "prod");
  return await world.forge(who, {
    ...event,
    seq: event.seq + 1,
    prev: hash,
    rivals: undefined,
    disregards: undefined,
    size: event.size + 1,
    id: `forged ${event.seq}`,
    operation: "01890000-0000-7000-8000-000000000000",
    actor: actorOf(world, who),
    ...parts,
  });
}

async function approvalOf(world: World, who: string): Promise<RawEvent> {
  const all = await world.events("prod");
  const found = all.find(({ event }) => event.kind === "approval" && event.actor.identity === who);
  if (!found) throw new Error(`${who} has approved nothing`);
  return found;
}

describe.each(["atomic", "compare-then-put"] as const)(
  "with %s tags, an approval does not count",
  { concurrent: false },
  (tagCreation) => {
    const make = async (prod = {}, options = {}) =>
      await anApprovedWorld(prod, { tagCreation, ...options });

    test.each(["mallory", "dave", "release"])("that %s pushed by hand", async (who) => {
      await using world = await make();
      await world.floe().promote(TO_PROD);
      const artifact = await world.store.resolve("v1.0.0", go);
      const [plan] = [await world.floe().plan(TO_PROD)];
      if (!("plan" in plan) || !plan.plan) throw new Error("no plan");
      const body = {
        version: "v1.0.0",
        digest: artifact?.digest,
        policy_digest: plan.plan.policyDigest,
        expires_at: "2099-01-01T00:00:00.000Z",
        reason: null,
      };
      const { event } = await head(world, "prod");
      const given = {
        kind: "approval",
        seq: event.seq + 1,
        by: "bob",
        at: "2026-11-01T00:00:00.000Z",
      };
      await push(world, who, {
        kind: "approval",
        body,
        // It also says that bob has approved, which only counts if somebody believes it.
        actor: actorOf(world, who, who === "mallory" ? null : who),
        state: { ...event.state, approvals: [{ ...given, ...body }] },
      });
      const before = world.store.tags();
      const refused = await promoteTwice(world);
      expect(refused).toMatchObject({ exitCode: 16, codes: ["FLOE_APPROVAL_REQUIRED"] });
      const written = Object.keys(world.store.tags()).filter((tag) => !(tag in before));
      expect(written.every((tag) => tag.startsWith("floe-ev.prod."))).toBe(true);
      expect(await world.floe().approvals()).toMatchObject([{ approvedBy: [], status: "pending" }]);
    });

    test("that somebody claims to be another's", async () => {
      await using world = await make();
      await world.floe().promote(TO_PROD);
      const { event } = await head(world, "prod");
      await push(world, "mallory", {
        kind: "approval",
        actor: { ...actorOf(world, "mallory"), identity: "bob" },
        authority_digest: digestOf("another"),
        body: {
          version: "v1.0.0",
          digest: (await world.store.resolve("v1.0.0", go))?.digest,
          policy_digest: digestOf("x"),
          expires_at: "2099-01-01T00:00:00.000Z",
          reason: null,
        },
        state: event.state,
      });
      expect(await promoteTwice(world)).toMatchObject(REQUIRED);
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row?.pendingApprovals).toMatchObject([{ approvedBy: [] }]);
    });

    test("a second time, when the operator writes it back into the state", async () => {
      await using world = await make();
      await approve(world, "bob");
      const approvals = (await head(world, "prod")).event.state["approvals"];
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      await push(world, "release", {
        kind: "lock",
        body: { reason: "cover" },
        state: { ...(await head(world, "prod")).event.state, approvals },
      });
      expect(await promoteTwice(world, {}, { force: true })).toMatchObject(REQUIRED);
    });

    test("of another environment, copied here", async () => {
      await using world = await make(
        {},
        {
          environments: [
            ...environmentsWith(),
            {
              name: "dr",
              gates: { policy_compliance: true },
              authorization: { allowed_groups: ["ops"] },
              approvals: { required: 1, from_groups: ["approvers"] },
            },
          ],
        },
      );
      await approve(world, "bob");
      const { bytes } = await approvalOf(world, "bob");
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      expect((await world.floe().promote({ version: "v1.0.0", to: "dr" })).kind).toBe("blocked");
      const last = await head(world, "dr");
      const slot = `floe-ev.dr.${String(last.event.seq + 1).padStart(12, "0")}`;
      const own =
        tagCreation === "atomic" ? "" : `-${(await approvalOf(world, "bob")).hash.slice(7, 19)}`;
      await world.replay(bytes, slot + own);
      const before = world.store.tags();
      await expect(world.floe().promote({ version: "v1.0.0", to: "dr" })).rejects.toMatchObject({
        exitCode: 18,
      });
      expect(world.store.tags()).toEqual(before);
    });

    test("when the approver writes it longer than the environment lets approvals count", async () => {
      let now = new Date("2026-11-01T00:00:00Z");
      await using world = await make(
        { approvals: { required: 1, from_groups: ["approvers"], expires_hours: 2 } },
        { now: () => now },
      );
      await approve(world, "bob");
      const { event } = await approvalOf(world, "bob");
      const body = { ...event.body, expires_at: "2099-01-01T00:00:00.000Z" };
      const approvals = [
        { ...body, kind: "approval", seq: event.seq + 1, by: "bob", at: now.toISOString() },
      ];
      await push(world, "bob", { kind: "approval", body, state: { ...event.state, approvals } });
      expect((await world.floe().plan(TO_PROD)).kind).toBe("would_succeed");
      now = new Date("2026-11-01T03:00:00Z");
      const refused = await promoteTwice(world);
      expect(refused).toMatchObject(REQUIRED);
      expect(refused.outcome.kind === "blocked" && refused.outcome.blocking[0]?.message).toContain(
        "approval by bob (expired at 2026-11-01T02:00:00.000Z)",
      );
    });

    test("beside a denial that the operator leaves out of the state", async () => {
      await using world = await make();
      await approve(world, "bob");
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, reason: "no" });
      const { event } = await head(world, "prod");
      const approvals = event.state["approvals"] as { kind: string }[];
      await push(world, "release", {
        kind: "unlock",
        body: { reason: "cover" },
        state: {
          ...event.state,
          approvals: approvals.filter(({ kind }) => kind === "approval"),
        },
      });
      expect(await promoteTwice(world)).toMatchObject({
        codes: ["FLOE_APPROVAL_DENIED"],
        exitCode: 16,
      });
    });

    test("twice of one person who has changed their key", async () => {
      await using world = await make({ approvals: { required: 2, from_groups: ["approvers"] } });
      await approve(world, "bob");
      const rekeyed = await world.remake({
        renamed: { bob: "bob-before", carol: "bob" },
        groups: { ...GROUPS, approvers: ["bob-before", "bob"] },
      });
      await approve(world, "carol", { manifest: rekeyed });
      const refused = await promoteTwice(world, { manifest: rekeyed });
      expect(refused).toMatchObject(REQUIRED);
    });
  },
);

describe("an approver's event", () => {
  test("vouches for nothing else: a forged unlock before it has no effect", async () => {
    await using world = await anApprovedWorld();
    await world.floe().lock({ environment: "prod", reason: "incident" });
    const { event } = await head(world, "prod");
    const unlocked = { ...event.state, lock: null };
    await push(world, "mallory", {
      kind: "unlock",
      body: { reason: "forged" },
      actor: actorOf(world, "mallory", null),
      state: unlocked,
    });
    await approve(world, "bob");
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row?.lock?.reason).toBe("incident");
    expect(row?.findings.map(({ code }) => code)).toEqual(["FLOE_LEDGER_EVENT_UNAUTHORIZED"]);
    expect(await promoteTwice(world)).toMatchObject({
      codes: ["FLOE_ENVIRONMENT_LOCKED"],
      exitCode: 13,
    });
  });
});
