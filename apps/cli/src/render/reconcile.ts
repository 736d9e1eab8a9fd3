import type { ReconcileOutcome } from "@floe/core";
import { reasonJson, syncJson } from "./operation-json.ts";
import { syncText } from "./operation-text.ts";

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
    settled: outcome.settled.map(({ environment, counts, events, event }) => ({
      environment,
      counts,
      events,
      event,
    })),
    registry_sync_status: outcome.synced.map(({ environment, ...status }) => ({
      environment,
      ...syncJson(status),
    })),
    webhooks: outcome.delivered.map(({ environment, webhook, delivered, pending, problem }) => ({
      environment,
      webhook,
      delivered,
      pending,
      problem,
    })),
    blocking: outcome.blocking.map(reasonJson),
    trace_id: outcome.traceId,
  };
}

/** What reconcile tells people. */
export function reconcileText(outcome: ReconcileOutcome): string {
  const settled = outcome.settled.map(
    ({ environment, counts, events }) =>
      `${environment}: ${events.length} ${events.length === 1 ? "event" : "events"} ${counts ? "counted" : "without effect"} from now on`,
  );
  const recovered = outcome.recovered.map(({ environment, action, version, result }) =>
    result === "succeeded"
      ? `${environment}: finished the ${action} of ${version}`
      : `${environment}: closed the ${action} of ${version} as aborted; it had changed nothing`,
  );
  const synced = outcome.synced
    .filter(({ status }) => status !== "unchanged")
    .map(({ environment, ...status }) => `${environment}: ${syncText(status).trim()}`);
  const told = outcome.delivered
    .filter(({ delivered }) => delivered > 0)
    .map(
      ({ environment, webhook, delivered }) =>
        `${environment}: ${webhook} was told ${delivered} ${delivered === 1 ? "event" : "events"}`,
    );
  const lines = [...settled, ...recovered, ...synced, ...told];
  if (lines.length > 0) return lines.join("\n");
  return outcome.blocking.length === 0 ? "Nothing was left open." : "";
}
