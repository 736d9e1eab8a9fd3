import { leafHash } from "./hashes.ts";
import { isDigest, own, ownText, parseCanonical, parseLossy } from "./json.ts";
import type { BundledLedger, Entry } from "./read-bundle.ts";
import { BODIES, isEvent, isStatement } from "./shapes.ts";
import { readSignedBundle, type SignedBundle } from "./signed-bundle.ts";
import { readState, type State } from "./state.ts";

/** What an event's place in the ledger rests on, read from the stored bytes. */
export interface Link {
  readonly slot: number;
  readonly hash: string;
  readonly seq: number;
  readonly chain: string;
  readonly prev: string | null;
  readonly rivals: readonly string[];
  readonly size: number;
}

/** Who signed an event, by its own word. */
export interface Actor {
  readonly method: "key" | "keyless" | "ephemeral";
  readonly keyId: string | null;
  readonly publicKey: string | null;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly identity: string | null;
}

/** What an event says. */
export interface Facts extends Link {
  readonly kind: string;
  readonly operation: string;
  readonly at: string;
  readonly actor: Actor;
  readonly disregards: readonly string[];
  readonly body: unknown;
  /** The state that it carries. */
  readonly state: State;
  readonly signed: SignedBundle;
}

/** Stored bytes, as far as they can be read. */
export interface ReadEntry {
  readonly slot: number;
  readonly hash: string;
  /** `null`: they are no event. */
  readonly link: Link | null;
  /** `null`: they are not an event that this verifier understands. */
  readonly facts: Facts | null;
  /** Why one of both is missing. */
  readonly problem: string;
}

/** Reads an event out of its stored bytes. The hash is computed, never believed; the signature is not looked at. */
export function readEntry({ slot, bytes }: Entry, ledger: BundledLedger): ReadEntry {
  const hash = leafHash(bytes);
  const bundle = parseLossy(bytes);
  const payload = ownText(own(bundle, "dsseEnvelope"), "payload");
  const statement = payload === null ? undefined : parseLossy(Buffer.from(payload, "base64"));
  const predicate = own(statement, "predicate");
  const link = linkOf(slot, hash, predicate);
  const none = (problem: string): ReadEntry => ({ slot, hash, link, facts: null, problem });
  if (!link) return none("it is not a ledger event");
  if (parseCanonical(bytes) === undefined) return none("its bytes are not canonical JSON");
  const signed = readSignedBundle(bytes);
  if (!signed) return none("it is not a signed statement that can be verified");
  if (parseCanonical(signed.payload) === undefined)
    return none("the signed statement is not canonical JSON");
  if (!isStatement(statement)) return none("the statement is not about a ledger event");
  const facts = factsOf(link, predicate, signed);
  if (!facts) return none("it lacks what an event has");
  if (own(predicate, "environment") !== ledger.environment)
    return none(`it belongs to another environment than ${ledger.environment}`);
  return { slot, hash, link, facts, problem: "" };
}

function linkOf(slot: number, hash: string, predicate: unknown): Link | null {
  const seq = own(predicate, "seq");
  const size = own(predicate, "size");
  const chain = ownText(predicate, "chain");
  const prev = own(predicate, "prev");
  const rivals = own(predicate, "rivals") ?? [];
  if (typeof seq !== "number" || typeof size !== "number" || chain === null) return null;
  if (ownText(predicate, "kind") === null || ownText(predicate, "operation") === null) return null;
  if (!(prev === null || isDigest(prev))) return null;
  if (!Array.isArray(rivals) || !rivals.every(isDigest)) return null;
  return { slot, hash, seq, chain, prev, rivals, size };
}

function factsOf(link: Link, predicate: unknown, signed: SignedBundle): Facts | null {
  const kind = ownText(predicate, "kind") ?? "";
  const operation = ownText(predicate, "operation") ?? "";
  const at = ownText(predicate, "at") ?? "";
  const body = own(predicate, "body");
  const disregards = (own(predicate, "disregards") ?? []) as readonly string[];
  const isBody = Object.hasOwn(BODIES, kind) ? BODIES[kind] : undefined;
  if (!isEvent(predicate) || !isBody?.(body)) return null;
  const actor = actorOf(own(predicate, "actor"));
  const state = readState(own(predicate, "state"));
  return actor && state && { ...link, kind, operation, at, actor, disregards, body, state, signed };
}

function actorOf(value: unknown): Actor | null {
  const method = own(value, "method");
  if (method !== "key" && method !== "keyless" && method !== "ephemeral") return null;
  const identity = ownText(value, "identity");
  const names = ["key_id", "public_key", "issuer", "subject"] as const;
  const [keyId, publicKey, issuer, subject] = names.map((name) => ownText(value, name));
  return {
    method,
    keyId: keyId ?? null,
    publicKey: publicKey ?? null,
    issuer: issuer ?? null,
    subject: subject ?? null,
    identity,
  };
}
