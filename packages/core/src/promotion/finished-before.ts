import { actorName } from "../ledger/fold-state.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { OverrideKind } from "../manifest/override-kind.ts";
import { authorityDigest } from "../manifest/policy-digests.ts";
import type { GateResult, RecordedApproval } from "../model/records.ts";
import { latestTag, recordTag } from "../model/tag.ts";
import { NO_APPROVALS } from "./approvals/judge-approvals.ts";
import type { FloeContext } from "./context.ts";
import { observe } from "./observe.ts";
import type { OpenIntent } from "./open-intent.ts";
import type { OperationOutcome, OperationPlan } from "./operation.ts";
import type { Recovered } from "./recover.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";

function overridesIn({ overrides = [] }: OpenIntent["body"]): OperationPlan["overrides"] {
  return overrides.map(({ kind, reason, by }) => ({ kind: kind as OverrideKind, reason, by }));
}

/**
 * Describes a promotion that an earlier run had committed: the facts come from its intent and record, since that run
 * made the decision. `recovered` is `null` in a dry run, which finishes nothing.
 */
export async function finishedBefore(
  open: OpenIntent,
  recovered: Recovered | null,
  input: {
    readonly artifact: ResolvedArtifact;
    readonly target: EnvironmentConfig;
    readonly source: string;
    readonly traceId: string;
    readonly annotations: Readonly<Record<string, string>>;
  },
  context: FloeContext,
): Promise<OperationOutcome> {
  const { body } = open;
  const { actor } = open.event.event;
  const predicate = recovered?.record?.predicate;
  const verified = predicate?.["signature_verified"] === true;
  const via = predicate?.["authorized_via"];
  const gates = (predicate?.["gate_results"] as readonly GateResult[] | undefined) ?? [];
  const plan: OperationPlan = {
    action: "promote",
    operation: open.operation,
    traceId: input.traceId,
    artifact: input.artifact,
    source: body.source,
    target: input.target,
    tag: body.tag,
    commitPoint: body.commit_point,
    before: body.before,
    previous: null,
    observed: observe(null),
    freezes: [],
    overrides: overridesIn(body),
    operator: {
      name: actorName(actor),
      actor,
      authorized: true,
      via: typeof via === "string" ? via : "the interrupted run",
    },
    claimedOperator: actor.claimed_operator,
    signature: {
      status: verified ? "valid" : "skipped",
      signerIdentity: null,
      issuer: null,
      rekorVerified: false,
      verifiedAt: null,
      failureReason: null,
      requirements: [],
      trustRoot: null,
      trouble: null,
      warnings: [],
    },
    approvals: { ...NO_APPROVALS, granted: approvalsIn(predicate) },
    gates,
    material: [],
    notRun: [],
    blocking: [],
    warnings: ["an interrupted run had committed this promotion; what was left of it is finished"],
    annotations: input.annotations,
    policyDigest: body.policy_digest,
    authorityDigest: authorityDigest(input.target),
    manifestDigest: context.manifest.digest,
    basis: {
      digest: body.digest,
      path: [body.source, body.target],
      policy_digest: body.policy_digest,
      current: body.before,
      gates: gates.map(({ gate, status }) => ({ gate, status })),
      approvals: approvalsIn(predicate)
        .map(({ event }) => event)
        .toSorted(),
    },
    planDigest: body.plan_digest,
    estimatedGatesMs: null,
    resumes: open.operation,
    resumesFrom: open.ownerSeq,
    rollback: null,
  };
  if (!recovered?.record) return { kind: "would_succeed", plan };
  return {
    kind: "done",
    plan,
    operation: open.operation,
    record: { digest: recovered.record.digest, tag: recordTag(open.operation) },
    tags:
      recovered.tags.length > 0
        ? recovered.tags
        : [{ tag: latestTag(body.target), digest: body.digest }],
    committedAt: recovered.at,
    resumed: true,
    warnings: plan.warnings,
  };
}

// What the record's operator has signed.
function approvalsIn(predicate: Readonly<Record<string, unknown>> | undefined): RecordedApproval[] {
  const given = predicate?.["approvals"];
  return Array.isArray(given) ? (given as RecordedApproval[]) : [];
}
