import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, inTotoDigest } from "../model/digest.ts";
import {
  type PassedFreeze,
  PREDICATE_TYPES,
  type PromotionRecord,
  type RollbackRecord,
} from "../model/records.ts";
import type { OperationPlan, Operator } from "./operation.ts";

/** The place of an operation's intent, which its record names. */
export interface LedgerPlace {
  readonly chain: string;
  readonly seq: number;
  readonly hash: Digest;
}

/** A record's statement, ready to sign, with the summary that stands on its manifest. */
export interface RecordStatement {
  readonly statement: Uint8Array;
  readonly predicateType: string;
  /** Annotations for people who list manifests; never evidence. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Builds the in-toto statement of a promotion's or rollback's record. */
export function buildRecord(
  plan: OperationPlan,
  operator: Operator,
  ledger: LedgerPlace,
  at: Date,
): RecordStatement {
  const predicateType =
    plan.action === "promote" ? PREDICATE_TYPES.promotion : PREDICATE_TYPES.rollback;
  const predicate =
    plan.rollback === null
      ? promotionRecord(plan, operator, ledger, at)
      : rollbackRecord(plan, plan.rollback, operator, ledger, at);
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      {
        name: plan.artifact.reference.slice(0, plan.artifact.reference.indexOf("@")),
        digest: inTotoDigest(plan.artifact.manifest.descriptor.digest),
      },
    ],
    predicateType,
    predicate,
  });
  return {
    statement: new TextEncoder().encode(statement),
    predicateType,
    annotations: summary(plan, operator, at),
  };
}

function promotionRecord(
  plan: OperationPlan,
  operator: Operator,
  ledger: LedgerPlace,
  at: Date,
): PromotionRecord {
  return {
    promotion_id: plan.operation,
    artifact_digest: plan.artifact.manifest.descriptor.digest,
    artifact_tag: plan.artifact.version,
    source_environment: plan.source,
    target_environment: plan.target.name,
    gate_results: plan.gates,
    signature_verified: plan.signature.status === "valid",
    signature_status: plan.signature.status,
    artifact_signer: {
      identity: plan.signature.signerIdentity,
      issuer: plan.signature.issuer,
    },
    operator: operator.name,
    operator_identity: operator.actor,
    authorization_passed: operator.authorized,
    authorized_via: operator.via,
    approvals: plan.approvals.granted,
    policy_digest: plan.policyDigest,
    authority_digest: plan.authorityDigest,
    manifest_digest: plan.manifestDigest,
    plan_digest: plan.planDigest,
    overrides: plan.overrides,
    freezes: plan.freezes.map(freezeOf),
    annotations: plan.annotations,
    authorized_at: at.toISOString(),
    trace_id: plan.traceId,
    previous: plan.previous && { digest: plan.previous.digest, record: plan.previous.record },
    ledger,
    warnings: plan.warnings,
  };
}

function rollbackRecord(
  plan: OperationPlan,
  rollback: NonNullable<OperationPlan["rollback"]>,
  operator: Operator,
  ledger: LedgerPlace,
  at: Date,
): RollbackRecord {
  return {
    rollback_id: plan.operation,
    artifact_digest: plan.artifact.manifest.descriptor.digest,
    artifact_tag: plan.artifact.version,
    environment: plan.target.name,
    previous_digest: rollback.from.digest,
    reason: rollback.reason,
    operator: operator.name,
    operator_identity: operator.actor,
    authorized_via: operator.via,
    signature_verified: plan.signature.status === "valid",
    policy_digest: plan.policyDigest,
    authority_digest: plan.authorityDigest,
    overrides: plan.overrides,
    freezes: plan.freezes.map(freezeOf),
    previous: plan.previous && { digest: plan.previous.digest, record: plan.previous.record },
    rolled_back_at: at.toISOString(),
    impact_analysis: rollback.impact,
    trace_id: plan.traceId,
    ledger,
  };
}

function freezeOf({ window, start, until }: OperationPlan["freezes"][number]): PassedFreeze {
  const { reason, timezone, allow } = window;
  return {
    start: start.toISOString(),
    until: until.toISOString(),
    timezone,
    reason,
    allow,
  };
}

function summary(plan: OperationPlan, operator: Operator, at: Date): Record<string, string> {
  if (plan.rollback) {
    return {
      "dev.floe.rollback.id": plan.operation,
      "dev.floe.rollback.reason": plan.rollback.reason.slice(0, 500),
      "dev.floe.rollback.operator": operator.name,
      "dev.floe.rollback.rolled-back-at": at.toISOString(),
      "dev.floe.rollback.previous-digest": plan.rollback.from.digest,
    };
  }
  return {
    "dev.floe.promotion.id": plan.operation,
    "dev.floe.promotion.source-env": plan.source,
    "dev.floe.promotion.target-env": plan.target.name,
    "dev.floe.promotion.operator": operator.name,
    "dev.floe.promotion.promoted-at": at.toISOString(),
    "dev.floe.promotion.gates-passed": plan.gates
      .filter((gate) => gate.status === "passed")
      .map((gate) => gate.gate)
      .join(","),
  };
}
