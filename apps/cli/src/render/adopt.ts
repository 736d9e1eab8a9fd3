import type { AdoptOutcome } from "@floe/core";
import { reasonJson } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";

/** The JSON output of adopt. */
export function adoptJson(outcome: AdoptOutcome): Record<string, unknown> {
  if (outcome.kind === "blocked") {
    const [first] = outcome.blocking;
    return {
      success: false,
      error: first && { ...reasonJson(first), details: null },
      blocking: outcome.blocking.map(reasonJson),
      trace_id: outcome.traceId,
    };
  }
  const { environment, version, digest, changed, previous, tags, by, at, reason, event } = outcome;
  return {
    success: true,
    environment,
    artifact_tag: version,
    artifact_digest: digest,
    changed,
    previous,
    tags,
    operator: by,
    at,
    reason,
    event,
    warnings: outcome.warnings,
    trace_id: outcome.traceId,
  };
}

/** What adopt tells people. */
export function adoptText(outcome: AdoptOutcome): string {
  if (outcome.kind === "blocked") return "";
  const { environment, version, digest, changed, tags, by, reason, event } = outcome;
  const warnings = outcome.warnings.map((warning) => `  ${paint("yellow", "!")} ${plain(warning)}`);
  const written = tags.map(({ tag }) => tag).join(", ");
  if (!changed) return `${environment} runs ${version} by its ledger already; nothing to adopt`;
  if (event === null) return `${environment} runs ${version} by its ledger; written: ${written}`;
  return [
    `${paint("green", "Adopted")} ${version} in ${environment} (${by}: ${plain(reason)}); no gate was run`,
    `  ${paint("dim", "digest")}  ${digest}`,
    ...(written === "" ? [] : [`  ${paint("dim", "tags")}    ${written}`]),
    ...warnings,
  ].join("\n");
}
