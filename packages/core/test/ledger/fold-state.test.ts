import { describe, expect, test } from "vitest";
import type { EventFacts, LedgerState } from "../../src/ledger/event.ts";
import { EMPTY_STATE, foldState } from "../../src/ledger/fold-state.ts";
import { type Digest, digestOf } from "../../src/model/digest.ts";

const actor = { identity: "release", method: "key" as const, key_id: "sha256:00" };
let seq = 0;

function frame(operation: string) {
  seq += 1;
  return {
    v: 1 as const,
    chain: "urn:floe:ledger:prod:1",
    environment: "prod",
    seq,
    prev: digestOf(`event ${seq - 1}`),
    size: seq + 1,
    id: `id-${seq}`,
    operation,
    at: `2026-11-22T10:00:${String(seq).padStart(2, "0")}.000Z`,
    actor,
    agent: { name: "floe", version: "0.1.0" },
    authority_digest: digestOf("authority"),
    trace_id: "0".repeat(32),
  };
}

function outcome(operation: string, version: string, extra: object = {}): EventFacts {
  return {
    ...frame(operation),
    kind: "outcome",
    body: {
      result: "succeeded",
      intent: digestOf("intent"),
      action: "promote",
      operator: actor,
      version,
      digest: digestOf(version),
      record: { digest: digestOf(`record of ${version}`), tag: `floe-rec.${operation}` },
      tags: [],
      committed_at: "2026-11-22T10:00:00.000Z",
      registry_sync_status: [],
      resolved_by: "owner",
      warnings: [],
      ...extra,
    },
  };
}

const rolledBack = (from: string, to: string, previous: number | null, count = 1): object => ({
  action: "rollback",
  rollback: {
    from: { version: from, digest: digestOf(from) as Digest },
    previous_seq: previous,
    count,
    reason: "broken",
  },
  version: to,
});

/** Folds the outcome of an operation whose intent is open. */
function finish(state: LedgerState, event: EventFacts): LedgerState {
  const { operation, seq: at } = event;
  const digest = event.kind === "outcome" ? event.body.digest : digestOf("");
  const open = { operation, seq: at, digest, by: "release", owner_seq: at };
  return foldState({ ...state, open_intents: [...state.open_intents, open] }, event);
}

describe("the state of an environment", () => {
  test("is what the last committed outcome made current, linked to the one before", () => {
    const first = outcome("op-1", "v1.0.0");
    const second = outcome("op-2", "v1.1.0");

    const state = [first, second].reduce(finish, EMPTY_STATE);

    expect(state.current).toMatchObject({
      version: "v1.1.0",
      operation: "op-2",
      seq: second.seq,
      previous_seq: first.seq,
      by: "release",
    });
  });

  test("is not changed by an outcome that was aborted, but its intent is closed", () => {
    const digest = digestOf("v1.0.0");
    const intent = { operation: "op-1", seq: 3, digest, by: "release", owner_seq: 3 };
    const open = { ...EMPTY_STATE, open_intents: [intent] };

    const state = foldState(open, outcome("op-1", "v1.0.0", { result: "aborted", record: null }));

    expect(state).toEqual(EMPTY_STATE);
  });

  test("holds the version that was rolled back from, and counts rollbacks by version", () => {
    const first = outcome("op-1", "v1.0.0");
    const second = outcome("op-2", "v1.1.0");
    const back = outcome("op-3", "v1.0.0", rolledBack("v1.1.0", "v1.0.0", null));

    const state = [first, second, back].reduce(finish, EMPTY_STATE);

    expect(state.current).toMatchObject({ version: "v1.0.0", previous_seq: null });
    expect(state.holds).toMatchObject([{ kind: "rollback", version: "v1.1.0", reason: "broken" }]);
    expect(state.rollbacks).toEqual({ "v1.0.0": 1 });
  });

  test("keeps the predecessor when what is current is recorded once more", () => {
    const first = outcome("op-1", "v1.0.0");
    const second = outcome("op-2", "v1.1.0");
    const again = outcome("op-3", "v1.1.0");

    const state = [first, second, again].reduce(finish, EMPTY_STATE);

    expect(state.current).toMatchObject({ operation: "op-3", previous_seq: first.seq });
  });

  test("is not changed by an outcome whose operation is not open: the first one counts", () => {
    const aborted = outcome("op-1", "v1.0.0", { result: "aborted", record: null });
    const succeeded = outcome("op-1", "v1.0.0");

    expect(foldState(finish(EMPTY_STATE, aborted), succeeded)).toEqual(EMPTY_STATE);
    expect(foldState(EMPTY_STATE, succeeded)).toEqual(EMPTY_STATE);
  });

  test("has one lock, the newest, until it is unlocked", () => {
    const lock: EventFacts = { ...frame("a"), kind: "lock", body: { reason: "incident" } };
    const other: EventFacts = { ...frame("b"), kind: "lock", body: { reason: "audit" } };
    const unlock: EventFacts = { ...frame("c"), kind: "unlock", body: { reason: "over" } };

    const locked = [lock, other].reduce(foldState, EMPTY_STATE);

    expect(locked.lock).toMatchObject({ reason: "audit", by: "release", seq: other.seq });
    expect(foldState(locked, unlock).lock).toBeNull();
  });

  test("is not changed by an outcome of another artifact than the intent's", () => {
    const other = outcome("op-1", "v1.0.0", { digest: digestOf("v6.6.6") });
    const intent = { operation: "op-1", seq: 3, digest: digestOf("v1.0.0"), by: "x", owner_seq: 3 };
    const open = { ...EMPTY_STATE, open_intents: [intent] };

    expect(foldState(open, other)).toEqual(open);
  });

  test("names who signed the intent, not whoever finished it or whom they name", () => {
    const reconciler = { ...actor, identity: "ops" };
    const finished = { ...outcome("op-1", "v1.0.0", { operator: reconciler }), actor: reconciler };

    expect(finish(EMPTY_STATE, finished).current?.by).toBe("release");
  });
});
