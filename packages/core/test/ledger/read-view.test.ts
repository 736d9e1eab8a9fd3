import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AuditBackend, AuditEntry } from "../../src/contract/index.ts";
import { type EventFacts, type LedgerEvent, leafHash } from "../../src/ledger/event.ts";
import { EMPTY_STATE, foldState } from "../../src/ledger/fold-state.ts";
import { createViewReader, type LedgerView } from "../../src/ledger/read-view.ts";
import type { VerifiedEvent } from "../../src/ledger/verify-event.ts";
import { digestOf } from "../../src/model/digest.ts";

const { signal } = new AbortController();
const AUTHORITY = digestOf("authority of today");
const CHAIN = "urn:floe:ledger:prod:1";
const release = { identity: "release", method: "key" as const, key_id: "sha256:00" };
const stranger = { identity: null, method: "key" as const, key_id: "sha256:ff" };

// The signature is not what is tested here: an event's bytes are the event, and its actor is believed.
function encode(event: LedgerEvent): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(event));
}

function verify(bytes: Uint8Array): VerifiedEvent {
  const event = JSON.parse(new TextDecoder().decode(bytes)) as LedgerEvent;
  const authorized = event.actor.identity !== null;
  const judged = authorized || event.authority_digest === AUTHORITY;
  const signedBy = event.actor.identity;
  return { event, bytes, hash: leafHash(bytes), signedBy, authorized, vouches: authorized, judged };
}

function backend(entries: readonly AuditEntry[]): AuditBackend {
  const sorted = entries.toSorted(
    (a, b) => a.seq - b.seq || (leafHash(a.bytes) < leafHash(b.bytes) ? -1 : 1),
  );
  return {
    capabilities: () => ({
      serialises: "advisory",
      durable: "remote-ack",
      worm: "none",
      scope: "shared",
      maxEventBytes: 1_000_000,
    }),
    claim: () => Promise.reject(new Error("nothing is written here")),
    head: async () => {
      const seq = sorted.at(-1)?.seq ?? 0;
      const top = sorted.filter((entry) => entry.seq === seq);
      return { seq, entries: top, count: sorted.length };
    },
    async *read(_chain, from, to = Number.POSITIVE_INFINITY) {
      yield* sorted.filter(({ seq }) => seq >= from && seq <= to);
    },
    async *chains() {
      yield "prod";
    },
  };
}

function beginning(name: string, at = "2026-11-22T10:00:00.000Z"): Uint8Array {
  return encode({
    ...frame("genesis"),
    at,
    chain: name,
    seq: 0,
    prev: null,
    size: 1,
    kind: "genesis",
    actor: release,
    body: {
      backend: "oci",
      location: "self",
      project: "acme",
      mode: "own-tag",
      serialises: "advisory",
    },
    state: EMPTY_STATE,
  });
}

function frame(id: string) {
  return {
    v: 1 as const,
    chain: CHAIN,
    environment: "prod",
    id,
    operation: id,
    at: "2026-11-22T10:00:00.000Z",
    agent: { name: "floe", version: "0.1.0" },
    authority_digest: AUTHORITY,
    trace_id: "0".repeat(32),
  };
}

const first = beginning(CHAIN);
const pinned = { chain: CHAIN, bytes: first, first: 0, continues: null, slots: null };
const genesis: AuditEntry = { seq: 0, bytes: first };

async function viewOf(
  entries: readonly AuditEntry[],
  mode: "slot" | "own-tag" = "own-tag",
  pin = pinned,
): Promise<LedgerView> {
  const audit = backend(entries);
  const head = await audit.head("prod", { signal });
  if (!head) throw new Error("there is nothing to look at");
  return await createViewReader("prod", mode, audit, verify).view(pin, head, { signal });
}

interface Write {
  readonly id: string;
  readonly kind: "lock" | "unlock";
  readonly by?: typeof release | typeof stranger;
  /** What the writer says instead of what it saw. */
  readonly claims?: object;
}

/** The event that a writer with this view of the ledger appends. */
function append(view: LedgerView, { id, kind, by = release, claims = {} }: Write): AuditEntry {
  const refused = { action: "promote", version: "v1", digest: null, source: "qa", target: "prod" };
  const facts = {
    ...frame(id),
    seq: view.seq + 1,
    prev: view.hash,
    ...(view.rivals.length > 0 ? { rivals: view.rivals.map(({ hash }) => hash) } : {}),
    size: view.size + 1,
    actor: by,
    ...(by === stranger
      ? { kind: "refusal", body: { ...refused, exit_code: 12, blocking: [], gates: [] } }
      : { kind, body: { reason: id } }),
    ...claims,
  } as EventFacts;
  const event: LedgerEvent = { ...facts, state: foldState(view.state, facts) };
  return { seq: event.seq, bytes: encode(event) };
}

function hashes(entries: readonly AuditEntry[]): string[] {
  return entries.map(({ bytes }) => leafHash(bytes)).sort();
}

/** Everything that an event appended to this view rests on. */
function pastOf(view: LedgerView, entries: readonly AuditEntry[]): string[] {
  const all = new Map(entries.map(({ bytes }) => [leafHash(bytes), verify(bytes).event]));
  const seen = new Set<string>();
  const pending = [view.hash, ...view.rivals.map(({ hash }) => hash)];
  for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
    if (seen.has(hash)) continue;
    seen.add(hash);
    const event = all.get(hash);
    if (event?.prev) pending.push(event.prev);
    pending.push(...(event?.rivals ?? []));
  }
  return [...seen].sort();
}

describe("the end of a ledger that nobody serialises", () => {
  test("takes in every event, whatever the writers had seen of each other", async () => {
    const write = fc.record({
      kind: fc.constantFrom("lock" as const, "unlock" as const),
      by: fc.constantFrom(release, release, stranger),
      late: fc.nat({ max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 30 }), async (writes) => {
        const entries = [genesis];
        for (const [index, { kind, by, late }] of writes.entries()) {
          // The newest ones were written after this writer had looked.
          const seen = entries.slice(0, Math.max(1, entries.length - late));
          entries.push(append(await viewOf(seen), { id: `e${index}`, kind, by }));
          const view = await viewOf(entries);
          expect(view.size).toBe(entries.length);
          expect(pastOf(view, entries)).toEqual(hashes(entries));
          expect(await viewOf(entries.toReversed())).toEqual(view);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("has the effect of every event beside the chain, also when a later one has linked it", async () => {
    const start = await viewOf([genesis]);
    const lock = append(start, { id: "lock", kind: "lock" });
    const unlock = append(start, { id: "other", kind: "unlock" });
    const both = await viewOf([genesis, lock, unlock]);
    const next = append(both, { id: "refused", kind: "lock", by: stranger });
    const after = await viewOf([genesis, lock, unlock, next]);
    expect(after.state).toEqual(both.state);
    expect(after.size).toBe(4);
  });

  test("cannot be cut short by somebody who may only be refused", async () => {
    const start = await viewOf([genesis]);
    const lock = append(start, { id: "lock", kind: "lock" });
    const beside = append(start, { id: "beside", kind: "unlock" });
    const [low, high] = [lock, beside].sort((a, b) =>
      leafHash(a.bytes) < leafHash(b.bytes) ? -1 : 1,
    );
    if (!low || !high) throw new Error("there are two");
    // It names one of the two, and says that there is nothing else.
    const claims = { prev: leafHash(high.bytes), rivals: [], size: 4 };
    const liar = append(await viewOf([genesis, high]), {
      id: "liar",
      kind: "lock",
      by: stranger,
      claims,
    });
    const honest = await viewOf([genesis, lock, beside]);
    const view = await viewOf([genesis, lock, beside, liar]);
    expect(view.state).toEqual(honest.state);
    expect(pastOf(view, [genesis, lock, beside, liar])).toEqual(
      hashes([genesis, lock, beside, liar]),
    );
  });

  test("is found beside beginnings that were not pinned", async () => {
    const others = ["a", "b", "c"].map((name) => ({ seq: 0, bytes: beginning(name) }));
    const view = await viewOf([...others, genesis]);
    expect(view.state).toEqual(EMPTY_STATE);
    const lock = append(view, { id: "lock", kind: "lock" });
    const after = await viewOf([...others, genesis, lock]);
    expect(after.state.lock?.reason).toBe("lock");
    expect(after.rivals).toEqual([]);
  });

  test("is the same for all, also when the pin was another one while it was first read", async () => {
    const name = "urn:floe:ledger:prod:2";
    const other = { ...pinned, chain: name, bytes: beginning(name) };
    const begun = [genesis, { seq: 0, bytes: other.bytes }];
    const lock = append(await viewOf(begun), { id: "lock", kind: "lock" });
    const claims = { chain: other.chain };
    const theirs = await viewOf(begun, "own-tag", other);
    const beside = append(theirs, { id: "beside", kind: "lock", claims });
    const entries = [...begun, lock, beside];
    const one = await viewOf(entries);
    const two = await viewOf(entries, "own-tag", other);
    expect(two).toEqual({ ...one, genesis: other });
    expect(pastOf(one, entries)).toEqual(hashes(entries));
    expect(one.size).toBe(4);
  });

  test("takes in no events of a ledger that was in the same place before", async () => {
    const name = "urn:floe:ledger:prod:0";
    const old = { ...pinned, chain: name, bytes: beginning(name, "2026-11-21T10:00:00.000Z") };
    const before = { seq: 0, bytes: old.bytes };
    const claims = { chain: name };
    const replayed = append(await viewOf([before], "own-tag", old), {
      id: "replayed",
      kind: "unlock",
      claims,
    });
    await expect(viewOf([genesis, before, replayed])).rejects.toMatchObject({
      code: "FLOE_LEDGER_EVENT_INVALID",
      message: expect.stringContaining("another ledger"),
    });
  });

  test.for(["the first", "one in the middle"])("is not believed when %s is gone", async (which) => {
    const entries = [genesis];
    for (let index = 0; index < 20; index += 1)
      entries.push(append(await viewOf(entries), { id: `e${index}`, kind: "lock" }));
    const left = entries.filter((_, index) => index !== (which === "the first" ? 1 : 12));
    await expect(viewOf(left)).rejects.toMatchObject({ code: "FLOE_LEDGER_EVENT_INVALID" });
  });

  test.for(["slot", "own-tag"] as const)(
    "is not an old event in a new place (%s)",
    async (mode) => {
      const lock = append(await viewOf([genesis]), { id: "lock", kind: "lock" });
      const unlock = append(await viewOf([genesis, lock]), { id: "unlock", kind: "unlock" });
      const replayed = [genesis, lock, unlock, { ...lock, seq: 3 }];
      await expect(viewOf(replayed, mode)).rejects.toMatchObject({
        code: "FLOE_LEDGER_EVENT_INVALID",
        message: expect.stringContaining("copied to another slot"),
      });
    },
  );
});

describe("the end of a ledger that serialises", () => {
  test("is the last event, and a gap before it is not believed", async () => {
    const entries = [genesis];
    for (const id of ["a", "b", "c"])
      entries.push(append(await viewOf(entries, "slot"), { id, kind: "lock" }));
    const view = await viewOf(entries, "slot");
    expect(view).toMatchObject({ seq: 3, size: 4, rivals: [] });
    expect(view.state.lock?.reason).toBe("c");
    const gap = entries.filter(({ seq }) => seq !== 2);
    await expect(viewOf(gap, "slot")).rejects.toMatchObject({ code: "FLOE_LEDGER_EVENT_INVALID" });
  });

  test("steps over a refusal by somebody who may not change the environment", async () => {
    const lock = append(await viewOf([genesis], "slot"), { id: "lock", kind: "lock" });
    const refused = append(await viewOf([genesis, lock], "slot"), {
      id: "refused",
      kind: "lock",
      by: stranger,
      claims: { state: { ...EMPTY_STATE, lock: null } },
    });
    const view = await viewOf([genesis, lock, refused], "slot");
    expect(view.state.lock?.reason).toBe("lock");
    expect(view).toMatchObject({ seq: 2, size: 3, rivals: [] });
  });

  test("steps over what a stranger wrote, also when it says to follow something else", async () => {
    const start = await viewOf([genesis], "slot");
    const lock = append(start, { id: "lock", kind: "lock" });
    const view = await viewOf([genesis, lock], "slot");
    const refused = append(view, {
      id: "refused",
      kind: "lock",
      by: stranger,
      claims: { prev: digestOf("something else") },
    });
    const entries = [genesis, lock, refused];
    const after = await viewOf(entries, "slot");
    expect(after.state).toEqual(view.state);
    // Whoever goes on names the stranger's event and the one that it passed over: nothing is left out.
    expect(pastOf(after, entries)).toEqual(
      hashes(entries).concat(digestOf("something else")).sort(),
    );
  });
});
