import { isFloeError } from "../../errors/index.ts";
import { leafHash, parseEventStatement } from "../../ledger/event.ts";
import { createFollower } from "../../ledger/follow-back.ts";
import { bySeqThenHash } from "../../ledger/read-view.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import { parseCanonicalJson } from "../../model/canonical-json.ts";
import type { Verifier } from "../../ports/index.ts";
import { readSignedPayload } from "../signed-payload.ts";
import type { AuditFinding } from "../verdict.ts";
import type { BundledLedger } from "./read-bundle.ts";

/** Whose signature an event has. `certificate`: by one, which is not judged offline. */
export type BundledSignature = "trusted" | "stranger" | "certificate" | "invalid";

/** An event of a bundle, with what it is worth by the keys that somebody trusts. */
export interface BundledEvent extends VerifiedEvent {
  readonly slot: number;
  readonly signature: BundledSignature;
}

/** What a bundle's events are judged with. */
export interface BundleTrust {
  /** PEM of the trusted keys by id; empty: nobody has said whom to trust. */
  readonly trusted: ReadonlyMap<string, { readonly name: string; readonly publicKey: string }>;
  /** PEM of the keys that came with the bundle. */
  readonly keys: ReadonlyMap<string, string>;
  readonly verifier: Verifier;
}

/** The refusals of a bundle that are about its form and say nothing about who signed it. */
const MALFORMED: ReadonlySet<string> = new Set([
  "MALFORMED_BUNDLE",
  "UNSUPPORTED_FORMAT",
  "LIMIT_EXCEEDED",
]);

/**
 * Reads the events of a bundled ledger, in the order in which they count. What is no event, or not of this environment, is a
 * finding. Which ones have an effect goes by who signed them, as in a ledger that is read live.
 */
export function readBundledEvents(
  ledger: BundledLedger,
  modeAt: (seq: number) => "slot" | "own-tag",
  trust: BundleTrust,
): { readonly events: readonly BundledEvent[]; readonly unread: readonly AuditFinding[] } {
  const unread: AuditFinding[] = [];
  const events: BundledEvent[] = [];
  for (const { seq: slot, bytes } of ledger.entries) {
    const read = readBundledEvent(slot, bytes, ledger, trust);
    if ("code" in read) unread.push(read);
    else events.push(read);
  }
  const follow = createFollower(modeAt);
  return { events: events.sort(bySeqThenHash).reverse().map(follow).reverse(), unread };
}

/** Reads an event by itself, and says whose signature it has; a finding where it is no event of the ledger. */
export function readBundledEvent(
  slot: number,
  bytes: Uint8Array,
  { environment }: Pick<BundledLedger, "environment">,
  trust: BundleTrust,
): BundledEvent | AuditFinding {
  const hash = leafHash(bytes);
  const invalid = (what: string): AuditFinding => ({
    ...{ seq: slot, hash, code: "FLOE_LEDGER_EVENT_INVALID", what },
    fix: "Compare with a copy that you trust.",
  });
  try {
    parseCanonicalJson(bytes);
  } catch {
    return invalid("its bytes are not canonical JSON");
  }
  const signed = readSignedPayload(bytes);
  if (!signed) return invalid("it is not a signed statement");
  let event: VerifiedEvent["event"];
  try {
    event = parseEventStatement(signed.payload, String(slot));
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    return invalid(cause.message);
  }
  if (event.environment !== environment)
    return invalid(`it belongs to another environment than ${environment}`);
  const signature = signatureOf(bytes, signed.byCertificate, event, trust);
  if (signature === "malformed")
    return invalid("it is not a signed statement that can be verified");
  const believed = signature === "trusted" || signature === "certificate";
  const judgement = { authorized: believed, vouches: believed, judged: true };
  return { slot, event, hash, bytes, signedBy: null, signature, ...judgement };
}

/** The key is the one that the event names; whether that is trusted is said from outside. */
function signatureOf(
  bytes: Uint8Array,
  byCertificate: boolean,
  { actor }: VerifiedEvent["event"],
  { trusted, keys, verifier }: BundleTrust,
): BundledSignature | "malformed" {
  if (byCertificate) return actor.method === "keyless" ? "certificate" : "invalid";
  const { key_id: keyId = "", issuer, subject } = actor;
  const publicKey = actor.public_key ?? trusted.get(keyId)?.publicKey ?? keys.get(keyId);
  const named = publicKey === undefined ? [] : [{ method: "key", name: keyId, publicKey } as const];
  const verdict = verifier.verifyBundle(bytes, named);
  if (!verdict.ok) return MALFORMED.has(verdict.code) ? "malformed" : "invalid";
  const isIts = verdict.signer.method === "key" && verdict.signer.keyId === keyId;
  if (!isIts || actor.method === "keyless" || issuer !== undefined || subject !== undefined)
    return "invalid";
  return trusted.size === 0 || trusted.has(keyId) ? "trusted" : "stranger";
}
