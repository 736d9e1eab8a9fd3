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

describe("two operations that ran at once", () => {
  const began = (operation: string, version: string, at: number) => ({
    ...{ operation, seq: at, digest: digestOf(version), by: "release", owner_seq: at },
  });

  test("are named by what came last, until something else is current", () => {
    const open = [began("op-1", "v1.0.0", seq + 1), began("op-2", "v1.1.0", seq + 1)];
    seq += 1;
    const first = foldState({ ...EMPTY_STATE, open_intents: open }, outcome("op-1", "v1.0.0"));
    expect(first.current).not.toHaveProperty("overlaps");
    const second = foldState(first, outcome("op-2", "v1.1.0"));
    expect(second.current).toMatchObject({ version: "v1.1.0", overlaps: "op-1" });
    expect(finish(second, outcome("op-3", "v1.2.0")).current).not.toHaveProperty("overlaps");
  });

  test("are none where the other one was withdrawn", () => {
    const open = [began("op-1", "v1.0.0", seq + 1), began("op-2", "v1.1.0", seq + 1)];
    seq += 1;
    const withdrawn = outcome("op-1", "v1.0.0", { result: "withdrawn", record: null });
    const one = foldState({ ...EMPTY_STATE, open_intents: open }, withdrawn);
    expect(foldState(one, outcome("op-2", "v1.1.0")).current).not.toHaveProperty("overlaps");
  });
});

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

type Opinions = "approval" | "denial";
const alice = { identity: "alice", method: "key" as const, key_id: "sha256:01" };

function opinion(kind: Opinions, version: string, by = alice): EventFacts {
  const body = {
    version,
    digest: digestOf(version),
    policy_digest: digestOf("policy"),
    expires_at: kind === "approval" ? "2026-11-29T10:00:00.000Z" : null,
    reason: null,
  };
  return { ...frame(`${kind} of ${version}`), actor: by, kind, body };
}

function withdrawal(of: Opinions, version: string, by = alice): EventFacts {
  const body = { of, version, digest: digestOf(version), reason: null };
  return { ...frame("taken back"), actor: by, kind: "withdrawal", body };
}

function intent(operation: string, version: string): EventFacts {
  return {
    ...frame(operation),
    kind: "intent",
    body: {
      action: "promote",
      version,
      digest: digestOf(version),
      media_type: "application/vnd.oci.image.manifest.v1+json",
      size: 1,
      source: "staging",
      target: "prod",
      before: null,
      tag: `${version}-prod`,
      commit_point: "environment-tag",
      lease: {
        seconds: 120,
        runs_on: { boot_id: "b", pid_namespace: "n", pid: 1, process_start: "1" },
      },
      policy_digest: digestOf("policy"),
      authority_digest: digestOf("authority"),
      manifest_digest: digestOf("manifest"),
      plan_digest: digestOf("plan"),
    },
  };
}

function folded(...events: readonly EventFacts[]): LedgerState {
  return events.reduce(foldState, EMPTY_STATE);
}

function standing(state: LedgerState): string[] {
  return state.approvals.map(({ kind, version, by }) => `${kind} of ${version} by ${by}`);
}

describe("approvals and denials", () => {
  test("of one person about one artifact the newest counts, whichever it is", () => {
    expect(standing(folded(opinion("approval", "v1"), opinion("denial", "v1")))).toEqual([
      "denial of v1 by alice",
    ]);
    expect(standing(folded(opinion("denial", "v1"), opinion("approval", "v1")))).toEqual([
      "approval of v1 by alice",
    ]);
  });

  test("are taken back by their author alone, each by its kind", () => {
    const given = [opinion("approval", "v1"), opinion("approval", "v1", actor)];
    expect(standing(folded(...given, withdrawal("approval", "v1")))).toEqual([
      "approval of v1 by release",
    ]);
    expect(standing(folded(opinion("denial", "v1"), withdrawal("approval", "v1")))).toEqual([
      "denial of v1 by alice",
    ]);
  });

  test("approvals are spent by a committed promotion of their artifact, denials are not", () => {
    const given = [
      opinion("approval", "v1"),
      opinion("denial", "v1", actor),
      opinion("approval", "v2"),
    ];
    expect(standing(folded(...given, intent("p", "v1"), outcome("p", "v1")))).toEqual([
      "denial of v1 by release",
      "approval of v2 by alice",
    ]);
    const aborted = outcome("p", "v1", { result: "aborted" });
    expect(standing(folded(...given, intent("p", "v1"), aborted))).toHaveLength(3);
  });
});

describe("quarantine", () => {
  const of = (kind: "quarantine" | "unquarantine", version: string): EventFacts => ({
    ...frame(kind),
    kind,
    body: { version, digest: digestOf(version), reason: "CVE" },
  });

  test("holds a digest until it is lifted, once however often it is said", () => {
    const held = folded(of("quarantine", "v1"), of("quarantine", "v1"), of("quarantine", "v2"));
    expect(held.holds.map(({ kind, version }) => `${kind} ${version}`)).toEqual([
      "quarantine v1",
      "quarantine v2",
    ]);
    expect(foldState(held, of("unquarantine", "v1")).holds).toHaveLength(1);
  });

  test("is lifted together with what a rollback left", () => {
    const back = outcome("r", "v1", rolledBack("v2", "v1", null));
    const state = folded(intent("r", "v1"), back, of("quarantine", "v2"));
    expect(state.holds).toHaveLength(2);
    expect(foldState(state, of("unquarantine", "v2")).holds).toEqual([]);
  });
});

test("an adopted version is what runs there, and says that nobody judged it", () => {
  const body = {
    version: "v7",
    digest: digestOf("v7"),
    media_type: "application/vnd.oci.image.manifest.v1+json",
    size: 1,
    tag: "v7-prod",
    before: digestOf("v7"),
    reason: "was there before",
  };
  const state = folded({ ...frame("a"), kind: "adopt", body });
  expect(state.current).toMatchObject({
    version: "v7",
    record: null,
    adopted: true,
    by: "release",
  });
});

test("a pinned policy stands until another one is pinned", () => {
  const pin = (what: string): EventFacts => ({
    ...frame("pin"),
    kind: "policy",
    body: { policy_digest: digestOf(what), authority_digest: digestOf("who"), reason: "agreed" },
  });
  expect(folded(pin("a"), pin("b")).policy).toMatchObject({
    policy_digest: digestOf("b"),
    by: "release",
  });
});
