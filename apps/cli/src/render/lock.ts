import type { LockOutcome } from "@floe/core";
import { refusedJson } from "./refused-json.ts";

/** The JSON output of lock and unlock. */
export function lockJson(outcome: LockOutcome): Record<string, unknown> {
  if (outcome.kind === "blocked") return refusedJson(outcome.blocking);
  const { environment, locked, changed, by, at, reason, event, traceId } = outcome;
  return {
    success: true,
    environment,
    locked,
    changed,
    operator: by,
    at,
    reason,
    event,
    trace_id: traceId,
  };
}

/** What lock and unlock tell people. */
export function lockText(outcome: LockOutcome): string {
  if (outcome.kind === "blocked") return "";
  const { environment, locked, changed, by, reason } = outcome;
  if (!changed) return `${environment} is not locked; nothing to do`;
  return `${locked ? "Locked" : "Unlocked"} ${environment} (${by}: ${reason})`;
}
