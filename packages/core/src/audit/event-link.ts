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
    const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const statement = statementOfUsual(stored) ?? statementOf(stored);
    if (statement === null) return broken("it is not a signed statement");
    predicate = member(JSON.parse(statement), "predicate");
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

function statementOf(stored: Buffer): string | null {
  const bundle: unknown = JSON.parse(stored.toString("utf8"));
  const payload = member(member(bundle, "dsseEnvelope"), "payload");
  return typeof payload === "string" ? Buffer.from(payload, "base64").toString("utf8") : null;
}

// All but a few hundred bytes of an event are its payload in base64. Parsing that as JSON first takes as long as everything
// else, so the form in which events are written is taken apart by its frame. Where anything at all is different, JSON is
// parsed: it must never make a difference which of both ways was taken.
const BEFORE = Buffer.from('{"dsseEnvelope":{"payload":"');
const AFTER =
  /^","payloadType":"[\w./+-]+","signatures":\[\{"sig":"[\w+/=-]+"\}\]\},"mediaType":"[\w./+-]+","verificationMaterial":\{"publicKey":\{"hint":"[\w+/=-]*"\}\}\}$/;
const QUOTE = 0x22;
const PADDING = 0x3d;
const scratch = Buffer.alloc(64 * 1024);

function statementOfUsual(stored: Buffer): string | null {
  if (stored.length < BEFORE.length || BEFORE.compare(stored, 0, BEFORE.length) !== 0) return null;
  const end = stored.indexOf(QUOTE, BEFORE.length);
  const length = end - BEFORE.length;
  if (length <= 0 || length % 4 !== 0 || length > scratch.length) return null;
  const after = stored.toString("latin1", end);
  if (!AFTER.test(after) || after.endsWith("\n")) return null;
  const padding = stored[end - 1] !== PADDING ? 0 : stored[end - 2] !== PADDING ? 1 : 2;
  const written = scratch.write(stored.toString("latin1", BEFORE.length, end), 0, "base64");
  // Node.js skips whatever is not base64, which would have been an escape, a control character or not a text in JSON.
  return written === (length / 4) * 3 - padding ? scratch.toString("utf8", 0, written) : null;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
