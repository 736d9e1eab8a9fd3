import type {
  GateResult,
  OperationOutcome,
  OperationPlan,
  PlannedCopy,
  Reason,
  StoreStats,
  SyncStatus,
} from "@floe/core";

/** Measured around the run, for the JSON outputs. */
export interface Measured {
  readonly durationMs: number;
  readonly stats: StoreStats;
}

/** One blocking reason as JSON outputs hold it. */
export function reasonJson(reason: Reason): Record<string, unknown> {
  const { code, exitCode, message, hint, override, until } = reason;
  return {
    code,
    exit_code: exitCode,
    message,
    hint,
    ...(override === undefined ? {} : { override }),
    ...(until === undefined ? {} : { until: until.toISOString() }),
  };
}

/** The JSON output of promote and rollback; documented in `docs/reference/json.md`. */
export function operationJson(
  outcome: OperationOutcome,
  measured: Measured,
): Record<string, unknown> {
  const tail = {
    duration_ms: Math.round(measured.durationMs),
    registry_requests: measured.stats.requests,
  };
  switch (outcome.kind) {
    case "blocked": {
      const [first] = outcome.blocking;
      return {
        success: false,
        error: first && {
          code: first.code,
          exit_code: first.exitCode,
          message: first.message,
          hint: first.hint,
          details: null,
        },
        blocking: outcome.blocking.map(reasonJson),
        ...(outcome.plan ? planJson(outcome.plan) : {}),
        ...(outcome.plan && !outcome.dryRun ? attemptId(outcome.plan) : {}),
        dry_run: outcome.dryRun,
        changed: false,
        ...tail,
      };
    }
    case "would_succeed":
      return {
        success: true,
        ...planJson(outcome.plan),
        dry_run: true,
        changed: false,
        blocking: [],
        warnings: outcome.plan.warnings,
        ...tail,
      };
    case "unchanged":
      return {
        success: true,
        ...planJson(outcome.plan),
        dry_run: outcome.dryRun,
        changed: false,
        blocking: [],
        ...tail,
      };
    case "done": {
      const [first] = outcome.incomplete ?? [];
      return {
        success: first === undefined,
        ...(first ? { error: { ...reasonJson(first), details: null } } : {}),
        ...planJson(outcome.plan),
        ...(outcome.plan.rollback
          ? { rollback_id: outcome.operation, rolled_back_at: outcome.committedAt }
          : { promotion_id: outcome.operation, promoted_at: outcome.committedAt }),
        record: outcome.record,
        tags: outcome.tags,
        dry_run: false,
        changed: true,
        resumed: outcome.resumed,
        registry_sync_status: (outcome.syncs ?? []).map(syncJson),
        blocking: (outcome.incomplete ?? []).map(reasonJson),
        warnings: outcome.warnings,
        ...tail,
      };
    }
  }
}

// A refused run is in the history under the id that it would have had.
function attemptId({ operation, rollback }: OperationPlan): Record<string, unknown> {
  return rollback ? { rollback_id: operation } : { promotion_id: operation };
}

function planJson(plan: OperationPlan): Record<string, unknown> {
  const base = {
    artifact_digest: plan.artifact.manifest.descriptor.digest,
    artifact_tag: plan.artifact.version,
    signature_verified: plan.signature.status === "valid",
    signature_status: plan.signature.status,
    operator: plan.operator?.name ?? null,
    authorized_via: plan.operator?.via ?? null,
    authorization_passed: plan.operator?.authorized ?? false,
    plan_digest: plan.planDigest,
    policy_digest: plan.policyDigest,
    trace_id: plan.traceId,
    overrides: plan.overrides,
    warnings: plan.warnings,
  };
  if (plan.rollback) {
    return {
      ...base,
      environment: plan.target.name,
      previous_digest: plan.rollback.from.digest,
      previous_version: plan.rollback.from.version,
      rollback_tag: plan.tag,
      reason: plan.rollback.reason,
      impact_analysis: plan.rollback.impact,
    };
  }
  return {
    ...base,
    source_environment: plan.source,
    target_environment: plan.target.name,
    gate_results: gateRows(plan),
    copy: plan.copy ? copyJson(plan.copy) : null,
    approvals: plan.approvals.granted,
    estimated_gates_ms: plan.estimatedGatesMs,
  };
}

function copyJson({ from, to, manifests, blobs, bytes }: PlannedCopy): Record<string, unknown> {
  return { from, to, manifests, blobs, bytes };
}

/** What became of a secondary registry, as JSON outputs hold it. */
export function syncJson(sync: SyncStatus): Record<string, unknown> {
  const { registry, status, repository, digest, tags, bytes, durationMs, problem } = sync;
  return {
    registry,
    status,
    repository,
    digest,
    tags,
    bytes,
    duration_ms: durationMs,
    error: problem,
  };
}

/** The gates of a plan: results, and those that did not run because something else blocks. */
export function gateRows(
  plan: OperationPlan,
): readonly (GateResult | { readonly gate: string; readonly status: "not_run" })[] {
  return [...plan.gates, ...plan.notRun.map((gate) => ({ gate, status: "not_run" as const }))];
}
