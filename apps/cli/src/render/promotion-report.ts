import type { OperationOutcome } from "@floe/core";
import type { EnforcementReport } from "@floe/policy/report";
import { gateRows } from "./operation-json.ts";

/** What a report says of a promotion that its request knows. */
export interface ReportedRequest {
  readonly version: string;
  readonly to: string;
  readonly dryRun: boolean;
}

/** A promotion as reports tell it: what the gates said, and what came of it. */
export function promotionReport(
  outcome: OperationOutcome,
  request: ReportedRequest,
  version: string,
  at: Date,
): EnforcementReport {
  const plan = outcome.plan;
  const blocking = outcome.kind === "blocked" ? outcome.blocking : [];
  return {
    title: `Promotion of ${plan?.artifact.version ?? request.version} to ${request.to}${request.dryRun ? " (dry run)" : ""}`,
    subject: {
      name: plan ? repositoryOf(plan.artifact.reference) : request.version,
      version: plan?.artifact.version ?? request.version,
      digest: plan?.artifact.manifest.descriptor.digest ?? "",
    },
    outcome: OUTCOMES[outcome.kind],
    passed: outcome.kind !== "blocked",
    blocking: blocking.map(({ code, message, hint }) => ({ code, message, hint })),
    warnings: outcome.kind === "done" ? outcome.warnings : (plan?.warnings ?? []),
    environments: [{ environment: request.to, gates: plan ? gateRows(plan) : [] }],
    tool: { name: "floe", version },
    at,
  };
}

const OUTCOMES = {
  done: "promoted",
  would_succeed: "would succeed",
  unchanged: "unchanged",
  blocked: "refused",
} as const satisfies Record<OperationOutcome["kind"], string>;

// The digest stands beside it.
function repositoryOf(reference: string): string {
  return reference.slice(0, Math.max(0, reference.lastIndexOf("@")));
}
