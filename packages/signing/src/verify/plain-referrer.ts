import type { CandidateRefusal } from "@floe/core/ports";
import { show } from "../encoding/json-object.ts";
import { isSbomFileType } from "../predicate/predicate-type.ts";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";
import type { Requirement } from "./requirement.ts";

const NOTARY = "application/vnd.cncf.notary.signature";

/** Says whether a requirement asks for the artifact's own signature. */
export function isSignatureRequirement({ predicateTypes }: Requirement): boolean {
  return predicateTypes.has(COSIGN_SIGN_PREDICATE_TYPE);
}

/**
 * Says why something that is attached without a sigstore bundle does not count, where somebody might think that it did;
 * `null` where nobody would.
 */
export function plainReason(
  artifactType: string | null,
  requirement: Requirement,
): { readonly code: CandidateRefusal; readonly text: string } | null {
  if (artifactType === null) return null;
  if (artifactType === NOTARY)
    return isSignatureRequirement(requirement)
      ? {
          code: "UNSUPPORTED_FORMAT",
          text: "a Notary Project signature, which floe carries along and does not verify",
        }
      : null;
  const asked =
    requirement.predicateTypes.has(artifactType) ||
    (requirement.type === "sbom" && isSbomFileType(artifactType));
  if (!asked) return null;
  return {
    code: "NOT_SIGNED",
    text: `${show(artifactType)} is attached as it is and signed by nobody; only a signed attestation counts`,
  };
}
