import { describe, expect, test } from "vitest";
import { aWorld, go, type RawEvent, type World } from "./a-world.ts";

const REASON = { environment: "prod", reason: "incident" };

/** An event of somebody who may not change prod, that follows the given one. */
function after(
  previous: RawEvent,
  world: World,
  changes: Readonly<Record<string, unknown>>,
  who = "mallory",
): Record<string, unknown> {
  const { event } = previous;
  return {
    ...event,
    seq: event.seq + 1,
    prev: previous.hash,
    size: event.size + 1,
    id: "forged",
    operation: "forged",
    kind: "refusal",
    actor: actor(world, who),
    body: {
      action: "promote",
      version: "v9.9.9",
      digest: null,
      source: "staging",
      target: "prod",
      exit_code: 12,
      blocking: [],
      gates: [],
    },
    ...changes,
  };
}

function actor(world: World, who: string): Record<string, unknown> {
  const signer = world.signers[who]?.signer;
  if (signer?.method === "keyless" || !signer) throw new Error("a key");
  const known = who !== "mallory";
  return {
    identity: known ? who : null,
    method: "key",
    key_id: signer.keyId,
    ...(known ? {} : { public_key: world.publicKeys[who] }),
  };
}

async function last(world: World): Promise<RawEvent> {
  const event = (await world.events("prod")).at(-1);
  if (!event) throw new Error("no events");
  return event;
}

/** What prod counts as: its lock and what it runs, or the code with which floe refuses to say. */
async function stateOf(
  world: World,
): Promise<{ locked: boolean; version: string | null } | string> {
  try {
    const [row] = await world.floe().status({ environment: "prod" });
    if (row?.ledger === "unreadable") return row.findings[0]?.code ?? "";
    return { locked: row?.lock != null, version: row?.version ?? null };
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const UNTOUCHED = { locked: true, version: "v1.1.0" };

async function lockedProd(tagCreation: "atomic" | "compare-then-put"): Promise<World> {
  const world = await aWorld({ tagCreation });
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging", "prod");
  }
  await world.floe().lock(REASON);
  await world.floe().unlock(REASON);
  await world.floe().lock(REASON);
  return world;
}

describe.each(["atomic", "compare-then-put"] as const)(
  "somebody who can only push, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    test("does not change the state by what a refusal says it is", async () => {
      await using world = await lockedProd(tagCreation);
      const head = await last(world);
      await world.forge(
        "mallory",
        after(head, world, { state: { ...head.event.state, lock: null } }),
      );
      expect(await stateOf(world)).toEqual(UNTOUCHED);
    });

    test.each(["unlock", "outcome"])(
      "does not have an old %s counted again by naming it as a rival",
      async (kind) => {
        await using world = await lockedProd(tagCreation);
        const head = await last(world);
        const old = (await world.events("prod")).find(({ event }) => event.kind === kind);
        await world.forge(
          "mallory",
          after(head, world, {
            rivals: [old?.hash],
            size: head.event.size + (tagCreation === "atomic" ? 1 : 2),
          }),
        );
        expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
      },
    );

    test("does not hide an event by claiming a size", async () => {
      await using world = await lockedProd(tagCreation);
      const events = await world.events("prod");
      const before = events.at(-2);
      if (!before) throw new Error("too few events");
      const count = events.length;
      const first = after(before, world, { size: before.event.size + 1 });
      const hash = await world.forge("mallory", first);
      await world.forge("mallory", {
        ...first,
        seq: before.event.seq + 2,
        prev: hash,
        size: count + 2,
      });
      expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
    });

    test("does not bring an old event back under a newer tag", async () => {
      await using world = await lockedProd(tagCreation);
      const head = await last(world);
      const unlock = (await world.events("prod")).find(({ event }) => event.kind === "unlock");
      if (!unlock) throw new Error("no unlock");
      const slot = `floe-ev.prod.${String(head.event.seq + 1).padStart(12, "0")}`;
      await world.replay(
        unlock.bytes,
        tagCreation === "atomic" ? slot : `${slot}-${unlock.hash.slice(7, 19)}`,
      );
      expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
    });

    test("does not put an event of another ledger beside or above this one", async () => {
      await using world = await lockedProd(tagCreation);
      // The same people, another repository: its prod was never locked.
      const otherChain = "urn:floe:ledger:prod:another";
      const head = await last(world);
      const foreign = {
        ...after(
          head,
          world,
          { kind: "unlock", body: { reason: "there" }, chain: otherChain },
          "release",
        ),
        state: { ...head.event.state, lock: null },
      };
      if (tagCreation === "compare-then-put") {
        await world.forge("release", { ...foreign, seq: head.event.seq - 1 });
        expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
      }
      const hash = await world.forge("release", { ...foreign, seq: head.event.seq });
      const refusal = after(head, world, { prev: hash, size: head.event.size + 3 });
      await world.forge("mallory", refusal);
      expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
    });

    test("does not unlock, promote or roll back by events of their own", async () => {
      await using world = await lockedProd(tagCreation);
      const head = await last(world);
      for (const kind of ["unlock", "outcome", "lock"]) {
        const body =
          kind === "outcome"
            ? (await world.events("prod")).find(({ event }) => event.kind === kind)?.event.body
            : { reason: "x" };
        await world.forge(
          "bob",
          after(head, world, { kind, body, state: { ...head.event.state, lock: null } }, "bob"),
        );
        expect([UNTOUCHED, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(await stateOf(world));
      }
    });

    test("does not pass for somebody else in what history shows", async () => {
      await using world = await lockedProd(tagCreation);
      const head = await last(world);
      for (const claim of [
        { subject: "alice" },
        { method: "keyless", issuer: "https://accounts.example", subject: "alice" },
        { identity: "alice" },
      ]) {
        await using other = await lockedProd(tagCreation);
        const end = await last(other);
        await other.forge(
          "mallory",
          after(end, other, { actor: { ...actor(other, "mallory"), ...claim } }),
        );
        const shown = await other
          .floe()
          .history({ environment: "prod" })
          .catch(() => []);
        expect(shown.find((row) => row.operator === "alice")).toBeUndefined();
      }
      expect(head.event.actor.identity).toBe("release");
    });
  },
);

describe("a ledger that an outsider begins", () => {
  test.each(["atomic", "compare-then-put"] as const)(
    "does not decide what the environment is, with %s tags",
    async (tagCreation) => {
      await using world = await aWorld({ tagCreation });
      const digest = await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging");
      const genesis = (await world.events("staging"))[0];
      if (!genesis) throw new Error("no genesis");
      const at = "2026-01-01T00:00:00.000Z";
      const forged = {
        ...genesis.event,
        environment: "prod",
        chain: "urn:floe:ledger:prod:forged",
        actor: actor(world, "mallory"),
        state: {
          ...genesis.event.state,
          current: {
            version: "v1.0.0",
            digest,
            operation: "x",
            record: null,
            seq: 0,
            at,
            by: "alice",
            previous_seq: null,
          },
        },
      };
      await world.forge("mallory", forged, { tag: "floe-ledger.prod" });
      const slot = "floe-ev.prod.000000000000";
      const { bytes, hash } = await world.read("floe-ledger.prod");
      await world.replay(bytes, tagCreation === "atomic" ? slot : `${slot}-${hash.slice(7, 19)}`);
      expect([{ locked: false, version: null }, "FLOE_LEDGER_EVENT_INVALID"]).toContainEqual(
        await stateOf(world),
      );
    },
  );
});

describe("on a store where anybody can overwrite and delete tags", () => {
  test("an event whose tag holds something else is found", async () => {
    await using world = await lockedProd("compare-then-put");
    const head = await last(world);
    const before = (await world.events("prod")).at(-2);
    if (!before) throw new Error("too few events");
    await world.replay(before.bytes, head.tag);
    expect(await stateOf(world)).toBe("FLOE_LEDGER_EVENT_INVALID");
  });

  test("an event that was taken out of the middle is found, and nothing is counted again", async () => {
    await using world = await lockedProd("compare-then-put");
    const intents = (await world.events("prod")).filter(({ event }) => event.kind === "intent");
    const second = intents.at(-1);
    if (!second) throw new Error("no intent");
    await world.store.deleteTag(second.tag, go);
    expect(await stateOf(world)).toBe("FLOE_LEDGER_EVENT_INVALID");
  });
});
