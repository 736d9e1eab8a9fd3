import { isCount, isDigest, own, ownText } from "./json.ts";
import type { Facts } from "./read-event.ts";

/** The part of an environment's state that decides about anything. */
export interface State {
  readonly current: {
    readonly digest: string;
    readonly version: string;
    readonly operation: string;
    readonly record: string | null;
    readonly seq: number;
  } | null;
  readonly lock: { readonly seq: number; readonly at: string } | null;
  readonly holds: readonly { readonly kind: string; readonly digest: string }[];
  readonly policy: { readonly policy: string; readonly authority: string } | null;
  readonly approvals: readonly {
    readonly kind: string;
    readonly seq: number;
    readonly digest: string;
    readonly signer: string | null;
  }[];
  readonly open: readonly { readonly operation: string; readonly digest: string }[];
  /** Operation of the event that moved the ledger on. */
  readonly moved: string | null;
  /** With which event the ledger begins since it was pruned. */
  readonly pruned: { readonly seq: number; readonly operation: string } | null;
}

/** The state of an environment in which nothing has happened. */
export const EMPTY: State = {
  current: null,
  lock: null,
  holds: [],
  policy: null,
  approvals: [],
  open: [],
  moved: null,
  pruned: null,
};

/** Reads the state that an event carries; `null`: it carries none. */
export function readState(value: unknown): State | null {
  const current = nullable(own(value, "current"), (one) => {
    const digest = own(one, "digest");
    const version = ownText(one, "version");
    const operation = ownText(one, "operation");
    const record = own(one, "record");
    const seq = own(one, "seq");
    if (!isDigest(digest) || version === null || operation === null) return null;
    if (!(record === null || isDigest(record)) || !isCount(seq)) return null;
    return { digest, version, operation, record, seq };
  });
  const lock = nullable(own(value, "lock"), (one) => {
    const seq = own(one, "seq");
    const at = ownText(one, "at");
    return isCount(seq) && at !== null ? { seq, at } : null;
  });
  const policy = nullable(own(value, "policy"), (one) => {
    const digest = own(one, "policy_digest");
    const authority = own(one, "authority_digest");
    return isDigest(digest) && isDigest(authority) ? { policy: digest, authority } : null;
  });
  const holds = listOf(own(value, "holds"), (one) => {
    const kind = ownText(one, "kind");
    const digest = own(one, "digest");
    return (kind === "rollback" || kind === "quarantine") && isDigest(digest)
      ? { kind, digest }
      : null;
  });
  const approvals = listOf(own(value, "approvals"), (one) => {
    const kind = ownText(one, "kind");
    const seq = own(one, "seq");
    const digest = own(one, "digest");
    const isOpinion = kind === "approval" || kind === "denial";
    if (!isOpinion || !isCount(seq) || !isDigest(digest)) return null;
    return { kind, seq, digest, signer: ownText(one, "signer") };
  });
  const open = listOf(own(value, "open_intents"), (one) => {
    const operation = ownText(one, "operation");
    const digest = own(one, "digest");
    return operation !== null && isDigest(digest) ? { operation, digest } : null;
  });
  const pruned = nullable(own(value, "pruned") ?? null, (one) => {
    const seq = own(one, "seq");
    const operation = ownText(one, "operation");
    return isCount(seq) && operation !== null ? { seq, operation } : null;
  });
  if (current === undefined || lock === undefined || policy === undefined) return null;
  const moved = ownText(own(value, "moved"), "operation");
  if (!holds || !approvals || !open || pruned === undefined) return null;
  return { current, lock, holds, policy, approvals, open, moved, pruned };
}

// `undefined`: it is neither `null` nor what it has to be.
function nullable<Value>(
  value: unknown,
  read: (one: unknown) => Value | null,
): Value | null | undefined {
  return value === null ? null : (read(value) ?? undefined);
}

function listOf<Value>(value: unknown, read: (one: unknown) => Value | null): Value[] | null {
  if (!Array.isArray(value)) return null;
  const found = value.map(read);
  return found.some((one) => one === null) ? null : (found as Value[]);
}

/** Computes the state after an event from the state before it (docs/reference/records.md, "State"). */
export function fold(state: State, event: Facts): State {
  const { kind, body, operation, seq } = event;
  const digest = ownText(body, "digest") ?? "";
  switch (kind) {
    case "genesis":
      // Where a ledger was moved, the first event in the next place changes nothing.
      return event.prev === null ? EMPTY : state;
    case "move": {
      const withdrawn = ownText(body, "withdraws");
      if (withdrawn !== null) return state.moved === withdrawn ? { ...state, moved: null } : state;
      const moves = state.moved === null && own(body, "to") !== undefined;
      return moves ? { ...state, moved: operation } : state;
    }
    case "intent":
      return { ...state, open: [...state.open, { operation, digest }] };
    case "outcome":
      return foldOutcome(state, event, digest);
    case "prune": {
      const kept = own(own(body, "kept"), "seq") as number;
      const before = state.pruned?.seq ?? -1;
      return kept > before ? { ...state, pruned: { seq: kept, operation } } : state;
    }
    case "lock":
      return { ...state, lock: { seq, at: event.at } };
    case "unlock":
      return { ...state, lock: null };
    case "approval":
    case "denial": {
      const given = { kind, seq, digest, signer: signerOf(event) };
      return { ...state, approvals: [...without(state, event, digest, null), given] };
    }
    case "withdrawal":
      return { ...state, approvals: without(state, event, digest, ownText(body, "of")) };
    case "quarantine": {
      const others = state.holds.filter((hold) => hold.kind !== kind || hold.digest !== digest);
      return { ...state, holds: [...others, { kind, digest }] };
    }
    case "unquarantine":
      return { ...state, holds: state.holds.filter((hold) => hold.digest !== digest) };
    case "adopt": {
      const version = ownText(body, "version") ?? "";
      return { ...state, current: { digest, version, operation, record: null, seq } };
    }
    case "policy": {
      if (own(body, "unpins") === true) return { ...state, policy: null };
      const policy = ownText(body, "policy_digest") ?? "";
      return { ...state, policy: { policy, authority: ownText(body, "authority_digest") ?? "" } };
    }
    default:
      return state;
  }
}

// An intent has one outcome; one without an intent, or of another artifact, means nothing.
function foldOutcome(state: State, { body, operation, seq }: Facts, digest: string): State {
  const intent = state.open.find((one) => one.operation === operation);
  if (intent?.digest !== digest) return state;
  const closed = { ...state, open: state.open.filter((one) => one.operation !== operation) };
  if (own(body, "result") !== "succeeded") return closed;
  const version = ownText(body, "version") ?? "";
  const record = ownText(own(body, "record"), "digest");
  const current = { digest, version, operation, record, seq };
  // A promotion spends the approvals of its digest; a denial stands.
  const approvals = state.approvals.filter((one) => one.kind === "denial" || one.digest !== digest);
  const left = ownText(own(own(body, "rollback"), "from"), "digest");
  if (left === null) return { ...closed, current, approvals };
  const others = state.holds.filter((hold) => hold.kind !== "rollback" || hold.digest !== left);
  return { ...closed, current, approvals, holds: [...others, { kind: "rollback", digest: left }] };
}

// Somebody has one opinion of an artifact at a time, and takes back only what is their own.
function without(state: State, event: Facts, digest: string, kind: string | null) {
  const signer = signerOf(event);
  return state.approvals.filter(
    (one) => one.signer !== signer || one.digest !== digest || (kind ?? one.kind) !== one.kind,
  );
}

function signerOf({ actor: { keyId, issuer, subject } }: Facts): string {
  return keyId ?? `${subject ?? ""} of ${issuer ?? ""}`;
}

const PARTS = {
  "what runs": ({ current }: State) =>
    current && [current.digest, current.version, current.operation, current.record, current.seq],
  lock: ({ lock }: State) => lock && [lock.seq, lock.at],
  holds: ({ holds }: State) => holds.map(({ kind, digest }) => `${kind} ${digest}`).sort(),
  "what is pinned": ({ policy }: State) => policy && [policy.policy, policy.authority],
  "approvals and denials": ({ approvals }: State) =>
    approvals.map(({ kind, seq, digest }) => `${kind} ${seq} ${digest}`).sort(),
  "where it was moved": ({ moved }: State) => moved,
  "open operations": ({ open }: State) => open.map(({ operation }) => operation).sort(),
  "what was pruned": ({ pruned }: State) => pruned && [pruned.seq, pruned.operation],
};

/** Names the parts in which two states differ; empty: they are the same. */
export function differences(one: State, other: State): string[] {
  return Object.entries(PARTS).flatMap(([name, part]) =>
    JSON.stringify(part(one)) === JSON.stringify(part(other)) ? [] : [name],
  );
}
