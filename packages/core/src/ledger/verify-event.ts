import type { EnvironmentConfig, Identity, Manifest } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import { parseCanonicalJson } from "../model/canonical-json.ts";
import {
  authorize,
  claimedSubject,
  isSignedBy,
  isValidAt,
  keyIdOf,
  mayApprove,
  usesKeyless,
} from "../model/identity.ts";
import type { ProvenSigner, TrustedSigner, Verifier } from "../ports/index.ts";
import { assertJudged } from "./assert-judged.ts";
import {
  type EventActor,
  invalidEvent,
  type LedgerEvent,
  leafHash,
  parseEventStatement,
  type StoredEvent,
} from "./event.ts";

/** A stored event whose signature is its actor's. */
export interface VerifiedEvent extends StoredEvent {
  /** Today's name of who signed, proven by the key or subject; `null` for a signer that the manifest does not know. */
  readonly signedBy: string | null;
  /** Whether it counts: its actor may do this here by the manifest of today, or somebody who may change the environment went by it. */
  readonly authorized: boolean;
  /**
   * Whether it is believed about the state and about everything that it follows: its actor may change the environment. An
   * approver's approval counts, and vouches for nothing else.
   */
  readonly vouches: boolean;
  /**
   * Whether that is all there is to say. `false`: the event was written under another authority than today's, by which
   * its actor may have been allowed to.
   */
  readonly judged: boolean;
  /** A pruned ledger begins with it: what was before is gone, and its state says what that came to. */
  readonly begins?: boolean;
}

/**
 * Checks the signature of stored bytes and that the event's actor is who signed it. The name in `actor.identity` is
 * what the manifest called the signer at the time; who it was is proven by the key or subject.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - malformed, unsigned, or signed by somebody else
 * @throws {FloeError} FLOE_TRUST_ROOT_UNAVAILABLE - it is signed with a certificate, which nothing can judge now
 */
export function verifyEvent(
  bytes: Uint8Array,
  where: string,
  environment: EnvironmentConfig,
  manifest: Manifest,
  verifier: Verifier,
): VerifiedEvent {
  try {
    parseCanonicalJson(bytes);
  } catch (cause) {
    throw invalidEvent(where, "its bytes are not canonical JSON", cause);
  }
  const read = claimedStatement(bytes, where);
  const claimed = parseEventStatement(read, where);
  const known = manifest.identities.filter((identity) => isValidAt(identity, new Date(claimed.at)));
  const verdict = verifier.verifyBundle(bytes, [
    ...known.map((identity) => identity.trusted),
    ...unknownSigner(claimed, known, manifest, where),
  ]);
  assertJudged(verdict, where);
  if (!verdict.ok)
    throw invalidEvent(where, `its signature does not verify (${verdict.code}: ${verdict.reason})`);
  // Judge what was signed: the statement that the verifier returned, not the copy that was looked at before.
  const event =
    Buffer.compare(read, verdict.statement) === 0
      ? claimed
      : parseEventStatement(verdict.statement, where);
  checkActor(event.actor, verdict.signer, where);
  const proven = known.find((candidate) => candidate.trusted.name === verdict.name);
  // The event says itself when it was signed. Where others saw the signature, that is when it was: nobody who was shut out
  // may date it back.
  const inTime = proven && (verdict.time === null || isValidAt(proven, verdict.time));
  const identity = proven && inTime ? proven.name : null;
  if (event.environment !== environment.name) {
    throw invalidEvent(
      where,
      `it belongs to environment ${event.environment}, not ${environment.name}`,
    );
  }
  const judgement = judge(event, identity, environment, manifest);
  return { event, hash: leafHash(bytes), bytes, signedBy: identity, ...judgement };
}

// Whoever is in today's manifest and may change the environment is believed, whatever the name was at the time. Anybody
// else is not, and for certain only when the event was written under the authority of today, or when today's manifest
// says that the signer was not valid then.
function judge(
  event: LedgerEvent,
  identity: string | null,
  environment: EnvironmentConfig,
  manifest: Manifest,
): Pick<VerifiedEvent, "authorized" | "vouches" | "judged"> {
  const { actor } = event;
  const sameAuthority = event.authority_digest === authorityDigest(environment);
  const renamed = actor.identity !== null && actor.identity !== identity;
  const { granted } = authorize(identity, environment, manifest);
  const genuine = !(renamed && sameAuthority);
  const vouches = granted && genuine;
  if (isOpinion(event)) {
    // Whether it is of use is decided anew wherever approvals are asked for, and only from those who may approve today. So
    // it does no harm in the state, and is a stranger's only if the signer could not approve when it was written either.
    const asToday = sameAuthority && policyOf(event) === policyDigest(environment);
    const counts = mayApprove(identity, environment, manifest) || (identity !== null && !asToday);
    return { authorized: genuine && counts, vouches, judged: true };
  }
  // An approval may be the first that happens in an environment, so that an approver may have to begin its ledger.
  const begins = event.kind === "genesis" && genuine && mayApprove(identity, environment, manifest);
  const outOfTime =
    identity === null && manifest.identities.some((candidate) => isSignedBy(candidate, actor));
  const authorized = vouches || begins;
  return { authorized, vouches, judged: authorized || sameAuthority || outOfTime };
}

type Opinion = Extract<LedgerEvent, { kind: "approval" | "denial" | "withdrawal" }>;

// By these approvers say what they think of an artifact, whether or not they may change the environment.
function isOpinion(event: LedgerEvent): event is Opinion {
  return event.kind === "approval" || event.kind === "denial" || event.kind === "withdrawal";
}

// Who takes something back takes back what is their own.
function policyOf(event: Opinion): string | null {
  return event.kind === "withdrawal" ? null : event.body.policy_digest;
}

// The names by which people know who it was (key, subject) are the signature's to say as well, also where the manifest
// knows nobody: a stranger must not be shown under another's name.
function checkActor(actor: EventActor, signer: ProvenSigner, where: string): void {
  const proven =
    signer.method === "keyless"
      ? actor.method === "keyless" &&
        actor.issuer === signer.issuer &&
        actor.subject === signer.subject
      : actor.method !== "keyless" &&
        actor.key_id === signer.keyId &&
        actor.issuer === undefined &&
        actor.subject === undefined;
  if (!proven) throw invalidEvent(where, "its actor is not the one who signed it");
}

function claimedStatement(bytes: Uint8Array, where: string): Uint8Array {
  const bundle = JSON.parse(new TextDecoder().decode(bytes)) as {
    dsseEnvelope?: { payload?: unknown };
  } | null;
  const payload = bundle?.dsseEnvelope?.payload;
  if (typeof payload !== "string") throw invalidEvent(where, "it is not a signed statement");
  return Buffer.from(payload, "base64");
}

// A signer that the manifest does not know is accepted for what it is: the same key or subject throughout, authorized for
// nothing that needs an authorization. Subjects only where the manifest speaks of any: a trusted root is loaded then.
function unknownSigner(
  event: LedgerEvent,
  known: readonly Identity[],
  manifest: Manifest,
  where: string,
): TrustedSigner[] {
  const { public_key: publicKey, key_id: keyId } = event.actor;
  if (event.actor.method === "keyless") {
    // The very subject goes before a pattern, and would hide the identity that the pattern makes of it.
    const isKnown = known.some((identity) => isSignedBy(identity, event.actor));
    return usesKeyless(manifest) && !isKnown ? claimedSubject(event.actor, manifest) : [];
  }
  if (publicKey === undefined) return [];
  let actual: string;
  try {
    actual = keyIdOf(publicKey);
  } catch (cause) {
    throw invalidEvent(where, "its actor's public key cannot be read", cause);
  }
  if (actual !== keyId)
    throw invalidEvent(where, "its actor's public key is not the key that it names");
  return [{ method: "key", name: `key ${actual}`, publicKey }];
}
