import { describe, expect, test } from "vitest";
import {
  anApprovedWorld,
  approve,
  environmentsWith,
  IN_PROD,
  TO_PROD,
} from "../approvals/an-approved-world.ts";
import { aWorld, type World } from "./a-world.ts";

type State = Readonly<Record<string, unknown>>;

/** The operator's own event, well signed, that carries the state that suits them. */
async function coverUp(world: World, change: (state: State) => State): Promise<void> {
  const last = (await world.events("prod")).at(-1);
  const signer = world.signers["release"]?.signer;
  if (!last || !signer || signer.method === "keyless") throw new Error("nothing to append to");
  const { event, hash } = last;
  await world.forge("release", {
    ...event,
    seq: event.seq + 1,
    prev: hash,
    rivals: undefined,
    disregards: undefined,
    size: event.size + 1,
    id: "cover",
    operation: "01890000-0000-7000-8000-000000000000",
    kind: "refusal",
    actor: { identity: "release", method: "key", key_id: signer.keyId },
    body: {
      action: "promote",
      version: "v1.0.0",
      digest: null,
      source: "staging",
      target: "prod",
      exit_code: 12,
      blocking: [],
      gates: [],
    },
    state: change(event.state),
  });
}

/** What verify has against what prod runs. */
async function against(world: World): Promise<readonly string[]> {
  const { trusted, checks } = await world.floe({ who: "alice" }).verify({ environment: "prod" });
  const failed = checks.filter(({ status }) => status === "failed");
  expect(trusted).toBe(failed.length === 0);
  return failed.map(({ check, summary }) => `${check}: ${summary}`);
}

describe.each(["atomic", "compare-then-put"] as const)(
  "with %s tags, verify finds that an operator with a floe of their own",
  { concurrent: false },
  (tagCreation) => {
    const aPath = async (): Promise<World> => {
      const world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging");
      return world;
    };

    test("has unlocked the environment without an event that says so", async () => {
      await using world = await aPath();
      await world.floe({ who: "alice" }).lock({ environment: "prod", reason: "incident" });
      await coverUp(world, (state) => ({ ...state, lock: null }));
      await world.promote("v1.0.0", "prod");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^history: .*lock/));
    });

    test("has promoted what was in quarantine", async () => {
      await using world = await aPath();
      const environments = ["prod"];
      await world
        .floe({ who: "alice" })
        .quarantine({ version: "v1.0.0", environments, reason: "CVE" });
      await coverUp(world, (state) => ({ ...state, holds: [] }));
      await world.promote("v1.0.0", "prod");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^history: .*quarantine/));
    });

    test("has promoted in spite of a denial that was there before every approval", async () => {
      await using world = await anApprovedWorld({}, { tagCreation });
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, reason: "no" });
      await approve(world, "bob");
      await coverUp(world, (state) => ({
        ...state,
        approvals: (state["approvals"] as { kind: string }[]).filter(
          ({ kind }) => kind === "approval",
        ),
      }));
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^approvals: .*carol/));
    });

    test("has promoted under another policy than the one that is pinned", async () => {
      const authorization = { allowed_groups: ["ops"], pin_policy: true };
      await using world = await anApprovedWorld({ authorization }, { tagCreation });
      await approve(world, "bob");
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      await coverUp(world, (state) => ({ ...state, policy: null }));
      const manifest = await world.remake({
        environments: environmentsWith({
          authorization: { allowed_groups: ["ops"] },
          approvals: undefined,
        }),
      });
      const unapproved = await world.floe({ manifest }).promote({ ...TO_PROD, version: "v1.1.0" });
      expect(unapproved.kind).toBe("done");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^history: .* what is pinned$/));
      expect(found).toContainEqual(expect.stringMatching(/^history: .* another policy was pinned/));
    });

    test("has promoted what they had promoted to the environment before", async () => {
      const authorization = { allowed_groups: ["ops"], separation_of_duties: true };
      await using world = await anApprovedWorld(
        { authorization, approvals: undefined },
        { tagCreation },
      );
      const refused = await world.floe().promote(TO_PROD);
      expect(refused.kind).toBe("blocked");
      // The same manifest to look at, and another rule in what runs: neither is said by a digest that is covered up.
      const environments = world.manifest.environments.map((environment) => {
        const { authorization: rules } = environment;
        return rules
          ? { ...environment, authorization: { ...rules, separationOfDuties: null } }
          : environment;
      });
      const manifest = { ...world.manifest, environments };
      expect((await world.floe({ manifest }).promote(TO_PROD)).kind).toBe("done");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^separation: /));
    });

    test("has not waited as long as the policy asks for", async () => {
      const soak = { from: "staging", hours: 24 };
      await using world = await anApprovedWorld({ soak, approvals: undefined }, { tagCreation });
      expect((await world.floe().promote(TO_PROD)).kind).toBe("blocked");
      const environments = world.manifest.environments.map((one) => ({ ...one, soak: null }));
      const manifest = { ...world.manifest, environments };
      expect((await world.floe({ manifest }).promote(TO_PROD)).kind).toBe("done");
      const found = await against(world);
      expect(found).toContainEqual(expect.stringMatching(/^soak: .*24 hours/));
    });

    test("has dated an event back to before they were shut out", async () => {
      await using world = await aPath();
      await world.promote("v1.0.0", "prod");
      await world.floe().lock({ environment: "prod", reason: "incident" });
      const [locked] = (await world.events("prod")).slice(-1);
      const signer = world.signers["alice"]?.signer;
      if (!locked || !signer || signer.method === "keyless") throw new Error("no lock");
      const hours = (count: number): Date => new Date(Date.now() - count * 3_600_000);
      const { event, hash } = locked;
      await world.forge("alice", {
        ...event,
        seq: event.seq + 1,
        prev: hash,
        rivals: undefined,
        size: event.size + 1,
        kind: "unlock",
        at: hours(2).toISOString(),
        actor: { identity: "alice", method: "key", key_id: signer.keyId },
        state: { ...event.state, lock: null },
      });
      const manifest = await world.remake({ revoked: { alice: hours(1) } });
      const { checks } = await world.floe({ manifest }).verify({ environment: "prod" });
      expect(checks).toContainEqual(
        expect.objectContaining({
          check: "history",
          status: "failed",
          summary: expect.stringContaining("dated back"),
        }),
      );
    });

    test("has done nothing of the kind, when they have not", async () => {
      await using world = await anApprovedWorld({}, { tagCreation });
      await world.floe({ who: "alice" }).lock({ environment: "prod", reason: "incident" });
      await world.floe().promote(TO_PROD);
      await world.floe({ who: "alice" }).unlock({ environment: "prod", reason: "over" });
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, reason: "no" });
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, withdraw: true, reason: "yes" });
      await approve(world, "bob");
      expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      expect(await against(world)).toEqual([]);
    });

    test("has not, by whatever way the environment came to what it runs", async () => {
      await using world = await aPath();
      const reason = "incident";
      const alice = world.floe({ who: "alice" });
      await world.promote("v1.0.0", "prod");
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging", "prod");
      expect((await world.floe().rollback({ environment: "prod", reason })).kind).toBe("done");
      expect(await against(world)).toEqual([]);
      await world.floe().unquarantine({ version: "v1.1.0", environments: ["prod"], reason });
      await Promise.all([
        alice.lock({ environment: "prod", reason }),
        world.floe().quarantine({ version: "v1.0.0", environments: ["prod"], reason }),
        world.floe().promote({ version: "v1.1.0", to: "prod", force: true }),
      ]);
      await alice.unlock({ environment: "prod", reason });
      await world.floe().unquarantine({ version: "v1.0.0", environments: ["prod"], reason });
      await world.floe({ who: "bob" }).promote({ version: "v1.1.0", to: "prod", force: true });
      await world.floe().promote({ version: "v1.1.0", to: "prod", force: true });
      expect(await against(world)).toEqual([]);
      // Somebody leaves, and somebody else says that what they did last counts.
      await alice.lock({ environment: "prod", reason });
      const manifest = await world.remake({ identities: ["release", "bob"] });
      const settle = { how: "count" as const, reason };
      await world.floe({ manifest }).reconcile({ environment: "prod", settle });
      await world.floe({ manifest }).unlock({ environment: "prod", reason });
      const { checks } = await world.floe({ manifest }).verify({ environment: "prod" });
      expect(checks.filter(({ check }) => check === "history").map(({ status }) => status)).toEqual(
        ["ok", "ok", "ok"],
      );
    });
  },
);
