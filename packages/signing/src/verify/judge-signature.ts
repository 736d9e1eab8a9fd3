import type { Digest } from "@floe/core/model";
import type { BundleRefusal, TrustedSigner, Verifier } from "@floe/core/ports";
import { parseBundle } from "../bundle/parse-bundle.ts";
import { describeSubjects, hasSubject, parseStatement } from "../statement/parse-statement.ts";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";

/** What one attached bundle is worth as a signature of the artifact. */
export type SignatureJudgement =
  | { readonly outcome: "accepted"; readonly name: string }
  /** A statement of another kind, such as an SBOM or a promotion record: never a signature, whoever signed it. */
  | { readonly outcome: "attestation"; readonly predicateType: string }
  | { readonly outcome: "refused"; readonly code: BundleRefusal; readonly reason: string };

/** What to judge, and by what. */
export interface SignatureInput {
  readonly verifier: Verifier;
  readonly bundle: Uint8Array;
  /** SHA-256 of the artifact's manifest, computed over its bytes. */
  readonly digest: Digest;
  readonly accepted: readonly TrustedSigner[];
  readonly expired: readonly TrustedSigner[];
}

/**
 * Judges one bundle as a signature of an artifact. Pure. A statement counts only when its predicate type is that of
 * an image signature, an accepted key signed it, and the artifact's digest is among its subjects.
 */
export function judgeSignature(input: SignatureInput): SignatureJudgement {
  const { verifier, bundle, digest, accepted, expired } = input;
  const parsed = parseBundle(bundle);
  if (!parsed.ok) return refused(parsed.code, parsed.reason);
  // Read before it is verified only to sort attestations out: the same bytes are verified below.
  const read = parseStatement(parsed.bundle.payload);
  if (!read.ok) return refused("MALFORMED_BUNDLE", read.reason);
  const { statement } = read;
  if (statement.predicateType !== COSIGN_SIGN_PREDICATE_TYPE)
    return { outcome: "attestation", predicateType: statement.predicateType };
  const verdict = verifier.verifyBundle(bundle, accepted);
  if (!verdict.ok) {
    const late = expired.length > 0 ? verifier.verifyBundle(bundle, expired) : verdict;
    return late.ok
      ? refused("WRONG_KEY", `signed with ${late.name}, which is retired and past its grace period`)
      : refused(verdict.code, verdict.reason);
  }
  if (!hasSubject(statement, digest))
    return refused("SUBJECT_MISMATCH", `signed for ${describeSubjects(statement)}, not ${digest}`);
  return { outcome: "accepted", name: verdict.name };
}

function refused(code: BundleRefusal, reason: string): SignatureJudgement {
  return { outcome: "refused", code, reason };
}
