import { type PublicKey, readBundle, readPublicKey, verifyBundle } from "@floe/audit-verifier";
import { type LedgerAudit, verifyAuditBundle } from "@floe/core";
import { createVerifier } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, type World } from "./a-world.ts";

const gates = { policy_compliance: true };
const ENVIRONMENT = {
  name: "prod",
  gates,
  authorization: { allowed_operators: ["release", "alice"] },
  approvals: { required: 1, from_groups: ["approvers"] },
};

/** What both say of the world's bundle, without the words; the second is floe. */
async function answersOf(world: World, trusted: readonly string[]) {
  const made = await world.floe().bundleLedgers();
  const bytes = Buffer.from(made.lines.map((line) => `${line}\n`).join(""));
  const keys = new Map<string, { name: string; key: PublicKey }>();
  for (const name of trusted) {
    const key = readPublicKey(world.publicKeys[name] ?? "");
    if (key) keys.set(key.id, { name, key });
  }
  const signers = trusted.map((name) => {
    return { method: "key" as const, name, publicKey: world.publicKeys[name] ?? "" };
  });
  const request = { name: "it", chunks: [bytes], trusted: signers };
  const floe = await verifyAuditBundle(request, createVerifier());
  return [verifyBundle(readBundle([bytes]), { trusted: keys }), floe].map((audits) =>
    audits.map(({ verdicts, ...about }) => ({
      ...about,
      verdicts: Object.fromEntries(
        Object.entries(verdicts as LedgerAudit["verdicts"]).map(
          ([question, { verdict, findings }]) => [
            question,
            [verdict, ...findings.map(({ seq, code }) => `${seq} ${code}`).sort()],
          ],
        ),
      ),
    })),
  );
}

const done = (outcome: { readonly kind: string }): void => {
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
};

/** Everything that a ledger can have in a few minutes of work. */
async function aFullLedger(world: World): Promise<void> {
  const [release, alice, bob] = ["release", "alice", "bob"].map((who) => world.floe({ who }));
  if (!release || !alice || !bob) throw new Error("somebody is missing");
  const on = { environment: "prod" };
  for (const version of ["v1.0.0", "v2.0.0", "v3.0.0"]) await world.publish(version);
  done(await bob.approve({ ...on, version: "v1.0.0" }));
  await world.promote("v1.0.0", "prod");
  done(await alice.deny({ ...on, version: "v2.0.0", reason: "not yet" }));
  done(await alice.deny({ ...on, version: "v2.0.0", withdraw: true }));
  done(await bob.approve({ ...on, version: "v2.0.0" }));
  done(await bob.approve({ ...on, version: "v3.0.0" }));
  await world.promote("v2.0.0", "prod");
  const refused = await world.floe({ who: "bob" }).promote({ version: "v3.0.0", to: "prod" });
  expect(refused.kind).toBe("blocked");
  done(await release.rollback({ ...on, version: "v1.0.0", reason: "it was slow" }));
  expect((await alice.quarantine({ version: "v3.0.0", reason: "weak" })).blocking).toEqual([]);
  expect((await alice.unquarantine({ version: "v3.0.0", reason: "fixed" })).blocking).toEqual([]);
  done(await release.lock({ ...on, reason: "a freeze" }));
  done(await release.unlock({ ...on, reason: "over" }));
}

describe.each(["atomic", "compare-then-put"] as const)("with %s tags", (tagCreation) => {
  test("the verifier and floe say the same of a ledger with everything in it: that it is well", async () => {
    await using world = await aWorld({
      tagCreation,
      environments: [ENVIRONMENT],
      groups: { approvers: ["alice", "bob"] },
    });
    await aFullLedger(world);
    await world.floe().checkpoint();
    const kinds = new Set((await world.events("prod")).map(({ event }) => event.kind));
    expect([...kinds].sort()).toEqual([
      ...["approval", "denial", "genesis", "intent", "lock", "outcome", "quarantine", "refusal"],
      ...["unlock", "unquarantine", "withdrawal"],
    ]);
    const [verifier, floe] = await answersOf(world, ["release", "alice", "bob"]);
    expect(verifier).toEqual(floe);
    expect(floe?.[0]?.verdicts).toEqual({
      integrity: ["ok"],
      completeness: ["ok"],
      anchoring: ["ok"],
      authenticity: ["ok"],
    });
    // Without bob's key, what he has approved is by a stranger.
    const [one, other] = await answersOf(world, ["release", "alice"]);
    expect(one).toEqual(other);
    expect(other?.[0]?.verdicts["authenticity"]?.[0]).toBe("failed");
  });

  test("and of one to which a stranger has appended: that it has no effect as soon as somebody says so", async () => {
    await using world = await aWorld({
      tagCreation,
      environments: [{ ...ENVIRONMENT, approvals: undefined }],
    });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "prod");
    const last = (await world.events("prod")).at(-1);
    if (!last) throw new Error("there is no event");
    const { signer } = world.signers["mallory"] ?? {};
    const keyId = signer && "keyId" in signer ? signer.keyId : "";
    const full = last.event as unknown as Record<string, unknown>;
    const seq = last.event.seq + 1;
    await world.forge("mallory", {
      ...{ ...full, seq, size: seq + 1, prev: last.hash, kind: "lock", body: { reason: "mine" } },
      ...{ id: "forged", operation: "forged" },
      actor: {
        ...{ identity: "alice", method: "key", key_id: keyId },
        public_key: world.publicKeys["mallory"],
      },
      state: { ...last.event.state, lock: { reason: "mine", by: "alice", at: full["at"], seq } },
    });
    const people = ["release", "alice"];
    const before = await answersOf(world, people);
    expect(before[0]).toEqual(before[1]);
    expect(before[1]?.[0]?.verdicts["authenticity"]).toEqual([
      "failed",
      `${seq} FLOE_LEDGER_EVENT_UNAUTHORIZED`,
    ]);
    done(await world.floe().lock({ environment: "prod", reason: "ours" }));
    const after = await answersOf(world, people);
    expect(after[0]).toEqual(after[1]);
    const { integrity, authenticity } = after[1]?.[0]?.verdicts ?? {};
    expect([integrity, authenticity]).toEqual([["ok"], ["ok"]]);
  });
});

test("the verifier and floe say the same of what rivals have written at once on a plain registry", async () => {
  await using world = await aWorld({
    tagCreation: "compare-then-put",
    environments: [{ ...ENVIRONMENT, approvals: undefined }],
  });
  const versions = ["v1.0.0", "v2.0.0", "v3.0.0", "v4.0.0"];
  for (const version of versions) await world.publish(version);
  await world.promote("v1.0.0", "prod");
  for (const reason of ["weak", "weaker"])
    await Promise.all(
      versions.map(async (version, index) => {
        const floe = world.floe({ who: index % 2 === 0 ? "release" : "alice" });
        const outcome = await floe.quarantine({ version, environments: ["prod"], reason });
        expect(outcome.blocking).toEqual([]);
      }),
    );
  await world.floe().checkpoint();
  const events = await world.events("prod");
  expect(events.some(({ event }) => "rivals" in event)).toBe(true);
  const [verifier, floe] = await answersOf(world, ["release", "alice"]);
  expect(verifier).toEqual(floe);
  expect(Object.values(floe?.[0]?.verdicts ?? {})).toEqual([["ok"], ["ok"], ["ok"], ["ok"]]);
});
