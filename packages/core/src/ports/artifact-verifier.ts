import type { FloeErrorCode } from "../errors/index.ts";
import type { VerificationPolicy } from "../manifest/manifest.ts";
import type { RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions } from "./artifact-store.ts";
import type { BundleRefusal } from "./signer.ts";

/** Why something that is attached to an artifact does not count for a requirement. */
export type CandidateRefusal =
  | BundleRefusal
  /** A genuine signature by a key, or an identity, that was accepted once. */
  | "KEY_RETIRED"
  | "IDENTITY_NOT_VALID"
  /** Attached as it is: nobody signed it. */
  | "NOT_SIGNED"
  /** It could not be fetched: nothing is known of it. */
  | "REFERRER_UNAVAILABLE";

/** One thing that is attached to an artifact, as one requirement judged it. */
export interface VerificationCandidate {
  /** The manifest that attaches it. */
  readonly referrer: Digest;
  readonly outcome: "accepted" | "refused" | "unjudged";
  /** Who signed; only with `accepted`. */
  readonly signer: AcceptedSigner | null;
  /** `null` with `accepted`. */
  readonly code: CandidateRefusal | null;
  /** One sentence; `null` with `accepted`. */
  readonly reason: string | null;
}

/** Somebody whose signature counts for a requirement. */
export interface AcceptedSigner {
  /** As the policy names it: a key's path, an identity, or issuer and subject. */
  readonly name: string;
  /** The proven issuer and subject; `null` for keys. */
  readonly issuer: string | null;
  readonly subject: string | null;
  /** When it was signed, where a trusted party says so. */
  readonly time: Date | null;
  /** Whether an entry of a trusted transparency log was verified. */
  readonly logged: boolean;
}

/** Why a requirement is not satisfied. */
export type RequirementProblem =
  /** Nothing is attached as a signature. */
  | "NO_SIGNATURE"
  /** No attestation of the type is attached. */
  | "NO_ATTESTATION_OF_TYPE"
  /** There are candidates, and none of them is accepted. */
  | "NONE_ACCEPTED"
  /** Some are accepted, by fewer distinct signers than needed. */
  | "THRESHOLD_NOT_MET"
  /** More is attached than is read. */
  | "LIMIT_EXCEEDED"
  | "REFERRERS_UNAVAILABLE"
  | "TRUST_ROOT_UNAVAILABLE"
  /** The policy names nobody, or nobody whose key can be used. */
  | "SIGNERS_UNUSABLE";

/** What one requirement of a policy came to. */
export interface RequirementReport {
  /** `signature`, `sbom`, or a predicate type. */
  readonly type: string;
  /** How many distinct signers are needed. */
  readonly threshold: number;
  /** `unjudged`: it might be satisfied, and nobody can tell. */
  readonly status: "satisfied" | "failed" | "unjudged";
  /** One per distinct signer; as many as needed with `satisfied`. */
  readonly satisfiedBy: readonly (AcceptedSigner & { readonly referrer: Digest })[];
  readonly code: RequirementProblem | null;
  /** One sentence; `null` with `satisfied`. */
  readonly reason: string | null;
  /** What was looked at for it, in the order of looking; reading stops when all requirements are satisfied. */
  readonly candidates: readonly VerificationCandidate[];
}

/** What verifying an artifact came to. */
export interface VerificationResult {
  /**
   * `valid`: every requirement is satisfied. `unsigned`: nothing is attached as a signature. `unknown`: could not be
   * judged. `skipped`: the environment's enforcement is off.
   */
  readonly status: "valid" | "invalid" | "unsigned" | "unknown" | "skipped";
  /** Name of the key, or proven subject, of who signed the artifact; only with `valid`. */
  readonly signerIdentity: string | null;
  readonly issuer: string | null;
  /** Whether the signature of `signerIdentity` was found in a trusted transparency log. */
  readonly rekorVerified: boolean;
  /** When it was verified; `null` unless `valid`. */
  readonly verifiedAt: Date | null;
  /** One sentence; `null` with `valid` and `skipped`. */
  readonly failureReason: string | null;
  /** Empty with `skipped`. */
  readonly requirements: readonly RequirementReport[];
  /** What the certificates were judged by; `null` where none had to be. */
  readonly trustRoot: { readonly source: string; readonly sha256: string } | null;
  /** What kept it from being judged, where that is trouble with a registry, a login or the trusted root. */
  readonly trouble: { readonly code: FloeErrorCode; readonly message: string } | null;
  readonly warnings: readonly string[];
}

/** Judges what is attached to an artifact by an environment's policy. */
export interface ArtifactVerifier {
  /**
   * Never throws for an untrusted artifact nor for registry trouble: the latter is `unknown`, which blocks under
   * `enforce`. `requirePromotionFrom` is not its matter: records and ledgers are core's.
   */
  verifyArtifact(
    store: ArtifactStore,
    artifact: RawManifest,
    policy: VerificationPolicy,
    options: CallOptions,
  ): Promise<VerificationResult>;
}
