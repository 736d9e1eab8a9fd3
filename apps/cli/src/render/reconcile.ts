import type { ReconcileOutcome } from "@floe/core";
import { reasonJson } from "./operation-json.ts";

/** The JSON output of reconcile. */
export function reconcileJson(outcome: ReconcileOutcome): Record<string, unknown> {
  const [first] = outcome.blocking;
  return {
    success: first === undefined,
    ...(first ? { error: { ...reasonJson(first), details: null } } : {}),
    recovered: outcome.recovered.map(
      ({ environment, operation, action, version, digest, result, at }) => ({
        environment,
        operation,
        action,
        version,
        digest,
        result,
        at,
      }),
    ),
    blocking: outcome.blocking.map(reasonJson),
    trace_id: outcome.traceId,
  };
}

/** What reconcile tells people. */
export function reconcileText(outcome: ReconcileOutcome): string {
  if (outcome.recovered.length === 0)
    return outcome.blocking.length === 0 ? "Nothing was left open." : "";
  return outcome.recovered
    .map(({ environment, action, version, result }) =>
      result === "succeeded"
        ? `${environment}: finished the ${action} of ${version}`
        : `${environment}: closed the ${action} of ${version} as aborted; it had changed nothing`,
    )
    .join("\n");
}
