import type { QuarantinedIn, QuarantineOutcome } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { reasonJson } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";

/** The JSON output of quarantine and unquarantine. */
export function quarantineJson(outcome: QuarantineOutcome): Record<string, unknown> {
  const { action, version, digest, reason, environments, blocking, warnings, traceId } = outcome;
  const [first] = blocking;
  return {
    success: blocking.length === 0,
    ...(first ? { error: { ...reasonJson(first), details: null } } : {}),
    blocking: blocking.map(reasonJson),
    action,
    artifact_tag: version,
    artifact_digest: digest,
    reason,
    environments: environments.map((row) => ({
      environment: row.environment,
      held: row.held,
      changed: row.changed,
      running: row.running,
      operator: row.by,
      at: row.at,
      event: row.event,
      statement: row.statement,
      error: row.problem && reasonJson(row.problem),
    })),
    warnings,
    trace_id: traceId,
  };
}

/** What quarantine and unquarantine tell people. */
export function quarantineText(outcome: QuarantineOutcome): string {
  const { version, digest, environments, warnings } = outcome;
  return [
    `${paint("bold", version)} (${shortDigest(digest)})`,
    ...environments.map((row) => `  ${row.environment}: ${rowText(row, outcome)}`),
    ...warnings.map((warning) => `  ${paint("yellow", "!")} ${plain(warning)}`),
    ...(outcome.action === "unquarantine" && environments.some(({ changed }) => changed)
      ? [`To have an environment run it again: floe promote ${version} --to ENV --force`]
      : []),
  ].join("\n");
}

function rowText(
  { problem, changed }: QuarantinedIn,
  { action, reason }: QuarantineOutcome,
): string {
  if (problem) return paint("red", `not done (${problem.code})`);
  if (action === "quarantine")
    return changed ? paint("yellow", `quarantined: ${plain(reason)}`) : "quarantined already";
  return changed ? paint("green", `no longer held: ${plain(reason)}`) : "not held; nothing to do";
}
