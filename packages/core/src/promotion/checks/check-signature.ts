import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { CallOptions, VerificationResult } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import { type Reason, reason } from "../reason.ts";
import type { ResolvedArtifact } from "../resolve-artifact.ts";

/** What an environment's signature policy makes of an artifact. */
export interface SignatureJudgement {
  readonly result: VerificationResult;
  readonly blocking: readonly Reason[];
  readonly warnings: readonly string[];
}

/** Judges an artifact by an environment's signature policy: `enforce` blocks on what `warn` only says. */
export async function judgeSignature(
  artifact: ResolvedArtifact,
  target: EnvironmentConfig,
  { artifactVerifier, store }: Pick<FloeContext, "artifactVerifier" | "store">,
  options: CallOptions,
): Promise<SignatureJudgement> {
  const policy = target.verification;
  const result = await artifactVerifier.verifyArtifact(store, artifact.manifest, policy, options);
  const problem = signatureReason(artifact, target, result);
  if (!problem) return { result, blocking: [], warnings: result.warnings };
  if (policy.enforcement === "enforce")
    return { result, blocking: [problem], warnings: result.warnings };
  const warning = `signature of ${artifact.version} not accepted: ${problem.message}`;
  return { result, blocking: [], warnings: [...result.warnings, warning] };
}

function signatureReason(
  artifact: ResolvedArtifact,
  target: EnvironmentConfig,
  result: VerificationResult,
): Reason | null {
  if (result.status === "valid" || result.status === "skipped") return null;
  const why = result.failureReason ?? result.status;
  if (result.status === "unknown") {
    return reason(
      "FLOE_SIGNATURE_UNJUDGED",
      `the signature of ${artifact.version} could not be judged: ${why}`,
      "Could not judge blocks; see the reason.",
    );
  }
  return reason(
    "FLOE_SIGNATURE_REQUIRED",
    `${artifact.version} has no signature that ${target.name} accepts: ${why}`,
    `Sign it with a key that the manifest trusts: floe artifact sign ${artifact.version} --key REF`,
  );
}
