import { leafHash } from "../ledger/event.ts";
import { type Digest, isDigest } from "../model/digest.ts";

/** What of an event its place in the ledger rests on, read from the stored bytes. */
export interface EventLink {
  /** Slot in which it was found. */
  readonly slot: number;
  readonly hash: Digest;
  readonly seq: number;
  readonly chain: string;
  readonly kind: string;
  readonly operation: string;
  readonly prev: Digest | null;
  readonly rivals: readonly Digest[];
  readonly size: number;
}

/** Stored bytes that are no event. */
export interface BrokenEvent {
  readonly slot: number;
  readonly hash: Digest;
  readonly problem: string;
}

/** Says whether an entry could not be read as an event. */
export function isBroken(entry: EventLink | BrokenEvent): entry is BrokenEvent {
  return "problem" in entry;
}

/** Reads the links of an event out of its stored bytes. The hash is computed, never believed. Checks no signature. */
export function readEventLink(slot: number, bytes: Uint8Array): EventLink | BrokenEvent {
  const hash = leafHash(bytes);
  const broken = (problem: string): BrokenEvent => ({ slot, hash, problem });
  let predicate: unknown;
  try {
    const bundle: unknown = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
    );
    const payload = member(member(bundle, "dsseEnvelope"), "payload");
    if (typeof payload !== "string") return broken("it is not a signed statement");
    predicate = member(JSON.parse(Buffer.from(payload, "base64").toString("utf8")), "predicate");
  } catch {
    return broken("its bytes are not JSON");
  }
  const seq = member(predicate, "seq");
  const chain = member(predicate, "chain");
  const prev = member(predicate, "prev");
  const size = member(predicate, "size");
  const rivals = member(predicate, "rivals") ?? [];
  const kind = member(predicate, "kind");
  const operation = member(predicate, "operation");
  if (
    typeof seq !== "number" ||
    typeof size !== "number" ||
    typeof chain !== "string" ||
    typeof kind !== "string" ||
    typeof operation !== "string" ||
    !(prev === null || isDigest(prev)) ||
    !(Array.isArray(rivals) && rivals.every(isDigest))
  )
    return broken("it is not a ledger event");
  return { slot, hash, seq, chain, kind, operation, prev, rivals, size };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
