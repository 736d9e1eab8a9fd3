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
  const problems = signatureReasons(artifact, target, result);
  if (policy.enforcement === "enforce")
    return { result, blocking: problems, warnings: result.warnings };
  const warnings = problems.map(({ message }) => `signatures are not enforced: ${message}`);
  return { result, blocking: [], warnings: [...result.warnings, ...warnings] };
}

/** One reason for each requirement that is not satisfied: what failed for certain before what could not be judged. */
function signatureReasons(
  artifact: ResolvedArtifact,
  target: EnvironmentConfig,
  result: VerificationResult,
): Reason[] {
  if (result.status === "valid" || result.status === "skipped") return [];
  const open = result.requirements.filter(({ status }) => status !== "satisfied");
  const failed = open.filter(({ status }) => status === "failed");
  const unjudged = open.filter(({ status }) => status === "unjudged");
  // Without any requirement in the report, the artifact itself could not be made sense of.
  if (open.length === 0)
    return [
      result.status === "unknown"
        ? unjudgedReason(artifact, result.failureReason ?? result.status)
        : refusedReason(artifact, target, "signature", result.failureReason ?? result.status),
    ];
  const trouble = new Set(unjudged.map(({ reason: why }) => why ?? "nobody knows why"));
  return [
    ...failed.map(({ type, reason: why }) =>
      refusedReason(artifact, target, type, why ?? result.status),
    ),
    ...[...trouble].map((why) => unjudgedReason(artifact, why)),
  ];
}

function unjudgedReason(artifact: ResolvedArtifact, why: string): Reason {
  return reason(
    "FLOE_SIGNATURE_UNJUDGED",
    `the signature of ${artifact.version} could not be judged: ${why}`,
    "Could not judge blocks; see the reason.",
  );
}

function refusedReason(
  { version }: ResolvedArtifact,
  target: EnvironmentConfig,
  type: string,
  why: string,
): Reason {
  if (type === "signature")
    return reason(
      "FLOE_SIGNATURE_REQUIRED",
      `${version} has no signature that ${target.name} accepts: ${why}`,
      `Sign it with a key that the manifest trusts: floe artifact sign ${version} --key REF`,
    );
  const isSbom = type === "sbom";
  return reason(
    "FLOE_SIGNATURE_REQUIRED",
    `${version} does not have what ${target.name} requires (${isSbom ? "a signed SBOM" : type}): ${why}`,
    isSbom
      ? `Attach one that is signed by a signer whom the manifest trusts: floe artifact sbom ${version} --help`
      : `Attach it, signed by a signer whom the manifest names: floe artifact attest ${version} --help`,
  );
}
