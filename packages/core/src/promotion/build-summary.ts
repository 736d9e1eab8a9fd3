import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestHex, inTotoDigest } from "../model/digest.ts";
import {
  PREDICATE_TYPES,
  repositoryUri,
  resourceUri,
  type VerificationSummary,
} from "../model/records.ts";
import type { TrustedSigner } from "../ports/index.ts";

/** Who verified, as summaries say it: the pair of this and the signature is what consumers trust. */
export const VERIFIER_ID = "https://floe.dev/verifier/v1";

/** What a verification summary says something about. */
export interface SummaryFacts {
  readonly operation: string;
  /** Where the artifact and its record are, without tag. */
  readonly repository: string;
  readonly environment: string;
  readonly digest: Digest;
  readonly policyDigest: Digest;
  /** The record's manifest, and the bundle in it. */
  readonly record: { readonly digest: Digest; readonly bundle: Digest };
  readonly signatureVerified: boolean;
  /** Whose signature counts. */
  readonly signers: readonly TrustedSigner[];
}

/** The levels of a summary: no SLSA track was evaluated, and what floe has evaluated. */
export function verifiedLevels(
  facts: Pick<SummaryFacts, "environment" | "signatureVerified">,
): string[] {
  return [
    "SLSA_BUILD_LEVEL_UNEVALUATED",
    `FLOE_PROMOTED_TO_${facts.environment}`,
    ...(facts.signatureVerified ? ["FLOE_SIGNATURE_VERIFIED"] : []),
  ];
}

/** Builds the statement of a promotion's verification summary, ready to sign. */
export function buildSummary(facts: SummaryFacts, version: string, at: Date): Uint8Array {
  const repository = repositoryUri(facts.repository);
  const predicate: VerificationSummary = {
    verifier: { id: VERIFIER_ID, version: { floe: version } },
    timeVerified: at.toISOString(),
    resourceUri: resourceUri(facts.repository, facts.environment),
    policy: {
      uri: `${repository}@${facts.policyDigest}`,
      digest: { sha256: digestHex(facts.policyDigest) },
    },
    inputAttestations: [
      {
        uri: `${repository}@${facts.record.digest}`,
        digest: { sha256: digestHex(facts.record.bundle) },
      },
    ],
    verificationResult: "PASSED",
    verifiedLevels: verifiedLevels(facts),
    slsaVersion: "1.1",
  };
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: facts.repository, digest: inTotoDigest(facts.digest) }],
    predicateType: PREDICATE_TYPES.verificationSummary,
    predicate,
  });
  return new TextEncoder().encode(statement);
}
