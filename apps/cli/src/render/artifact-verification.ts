import type { RequirementReport, VerificationCandidate, VerificationResult } from "@floe/core";
import { exitCodeOf, type FloeErrorCode } from "@floe/core/errors";
import { type Digest, shortDigest } from "@floe/core/model";
import { paint, plain } from "./paint.ts";

/** What `floe artifact verify` has found. */
export interface ArtifactVerificationView {
  readonly digest: Digest;
  readonly enforcement: "enforce" | "warn" | "off";
  /** Whose policy it is; `null`: the command line's. */
  readonly environment: string | null;
  readonly result: VerificationResult;
  readonly warnings: readonly string[];
}

/** The error that a result is under `enforce`: what failed, or why nobody can tell; `null` when nothing is wrong. */
export function verificationError(result: VerificationResult): {
  readonly code: FloeErrorCode;
  readonly exitCode: number;
} | null {
  if (result.status === "valid" || result.status === "skipped") return null;
  const code =
    result.status === "unknown"
      ? (result.trouble?.code ?? "FLOE_SIGNATURE_UNJUDGED")
      : "FLOE_SIGNATURE_REQUIRED";
  return { code, exitCode: exitCodeOf(code) };
}

/** What a verification is printed as with `-o json`. */
export function artifactVerificationJson(view: ArtifactVerificationView) {
  const { result, enforcement } = view;
  const error = enforcement === "enforce" ? verificationError(result) : null;
  return {
    success: result.status === "valid",
    ...(error === null
      ? {}
      : {
          error: {
            code: error.code,
            exit_code: error.exitCode,
            message: plain(`${sentence(view)}: ${result.failureReason ?? "nobody knows why"}`),
            hint: HINTS[result.status] ?? null,
            details: null,
          },
        }),
    digest: view.digest,
    environment: view.environment,
    enforcement,
    status: result.status,
    signer_identity: result.signerIdentity,
    issuer: result.issuer,
    verified_at: result.verifiedAt?.toISOString() ?? null,
    rekor_verified: result.rekorVerified,
    failure_reason: result.failureReason,
    requirements: result.requirements.map(requirementJson),
    trust_root: result.trustRoot,
    warnings: view.warnings,
  };
}

function requirementJson(report: RequirementReport) {
  return {
    type: report.type,
    threshold: report.threshold,
    status: report.status,
    satisfied_by: report.satisfiedBy.map(({ referrer, ...signer }) => ({
      referrer,
      ...signerJson(signer),
    })),
    code: report.code,
    reason: report.reason,
    candidates: report.candidates.map(({ referrer, outcome, code, reason, signer }) => ({
      ...{ referrer, outcome, code, reason },
      signer: signer === null ? null : signerJson(signer),
    })),
  };
}

function signerJson(signer: NonNullable<VerificationCandidate["signer"]>) {
  const { name, issuer, subject, time, logged } = signer;
  return { name, issuer, subject, time: time?.toISOString() ?? null, logged };
}

const HINTS: Readonly<Record<string, string>> = {
  invalid: "See why each candidate was refused; sign or attest it with a signer who is trusted.",
  unsigned: "Sign it with a signer who is trusted: floe artifact sign.",
  unknown: "Could not judge is not the same as refused: remove the cause and try again.",
};

/** A verification for people, in one screen: who satisfied each requirement, or why each candidate was refused. */
export function artifactVerificationText(view: ArtifactVerificationView): string {
  const { result, warnings } = view;
  const alone =
    result.requirements.length === 0 && result.failureReason !== null
      ? [`  ${plain(result.failureReason)}`]
      : [];
  return [
    headline(view),
    ...alone,
    ...result.requirements.flatMap(requirementLines),
    ...warnings.map((warning) => `  ${paint("yellow", "warning")} ${plain(warning)}`),
  ].join("\n");
}

function headline(view: ArtifactVerificationView): string {
  const { result } = view;
  const text = plain(sentence(view));
  if (result.status === "valid") return paint("green", text);
  return result.status === "skipped" ? text : paint("red", text);
}

// For what failed nothing here may read as if it had not: no form of the word "verified" stands in it.
function sentence({ digest, result, enforcement, environment }: ArtifactVerificationView): string {
  const by = environment === null ? "" : ` by the policy of ${environment}`;
  switch (result.status) {
    case "valid":
      return result.requirements.some(({ type }) => type === "signature")
        ? `${digest} is signed by ${result.signerIdentity ?? "a trusted signer"}`
        : `${digest} is attested by ${result.signerIdentity ?? "a trusted signer"}`;
    case "skipped":
      return `${digest}: nothing was looked at (enforcement: off)`;
    case "unsigned":
    case "invalid":
    case "unknown": {
      const what =
        result.status === "unknown" ? "could not be judged" : `is not accepted (${result.status})`;
      const mode = enforcement === "warn" ? ", which only warns" : "";
      return `${digest} ${what}${by}${mode}`;
    }
  }
}

const MARKS = {
  satisfied: () => paint("green", "✓"),
  failed: () => paint("red", "✗"),
  unjudged: () => paint("yellow", "?"),
} as const;

/** So many refused candidates are shown; all of them are in the JSON. */
const MAX_SHOWN = 8;

function requirementLines(report: RequirementReport): string[] {
  const { type, threshold, satisfiedBy, status, code, reason, candidates } = report;
  const of = threshold > 1 ? ` (${satisfiedBy.length} of ${threshold} signers)` : "";
  const head = `  ${MARKS[status]()} ${paint("bold", plain(type))}${of}`;
  const by = satisfiedBy.map(
    (signer) =>
      `      ${plain(describeSigner(signer))}  ${paint("dim", shortDigest(signer.referrer))}`,
  );
  if (status === "satisfied") return [head, ...by];
  const refused = candidates.filter(({ outcome }) => outcome !== "accepted");
  const more =
    refused.length > MAX_SHOWN ? [`      and ${refused.length - MAX_SHOWN} more: see -o json`] : [];
  // With candidates each of them says why; the sentence would only repeat it.
  const why = refused.length === 0 || code === "LIMIT_EXCEEDED" ? `: ${reason}` : "";
  return [
    `${head}  ${code}${plain(why)}`,
    ...by,
    ...refused.slice(0, MAX_SHOWN).map(candidateLine),
    ...more,
  ];
}

function candidateLine({ referrer, code, reason }: VerificationCandidate): string {
  return `      ${paint("dim", shortDigest(referrer))}  ${code}: ${plain(reason ?? "")}`;
}

function describeSigner(signer: NonNullable<VerificationCandidate["signer"]>): string {
  const { name, issuer, subject, time, logged } = signer;
  const who = subject === null ? name : `${subject} (${issuer})`;
  const facts = [
    ...(time === null ? [] : [`signed ${time.toISOString()}`]),
    ...(logged ? ["in the transparency log"] : []),
  ];
  return facts.length === 0 ? who : `${who}, ${facts.join(", ")}`;
}
