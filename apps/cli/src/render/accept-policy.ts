import type { AcceptPolicyOutcome } from "@floe/core";
import { plain } from "./paint.ts";
import { refusedJson } from "./refused-json.ts";

/** The JSON output of accept-policy. */
export function acceptPolicyJson(outcome: AcceptPolicyOutcome): Record<string, unknown> {
  if (outcome.kind === "blocked") return refusedJson(outcome.blocking);
  const { environment, changed, pinned, by, at, reason, event, traceId } = outcome;
  return {
    success: true,
    environment,
    changed,
    pinned,
    policy_digest: outcome.policyDigest,
    authority_digest: outcome.authorityDigest,
    operator: by,
    at,
    reason,
    event,
    trace_id: traceId,
  };
}

/** What accept-policy tells people. */
export function acceptPolicyText(outcome: AcceptPolicyOutcome): string {
  if (outcome.kind === "blocked") return "";
  const { environment, changed, pinned, by, reason } = outcome;
  if (!changed) return `${environment} is pinned to this manifest already; nothing to do`;
  const what = pinned ? "is pinned to this manifest" : "is pinned to no manifest any more";
  return `${environment} ${what} (${plain(by)}: ${plain(reason)})`;
}
