import type { GateMaterial } from "../gates/evidence/gate-material.ts";
import type { EventActor } from "../ledger/event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { GateResult, ImpactAnalysis, Override } from "../model/records.ts";
import type { CopyAmount, VerificationResult } from "../ports/index.ts";
import type { ApprovalJudgement } from "./approvals/judge-approvals.ts";
import type { FreezeSpell } from "./freezes.ts";
import type { PlanBasis } from "./plan-basis.ts";
import { exitCodeOfReasons, type Reason } from "./reason.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";
import type { SyncStatus } from "./sync/sync-registry.ts";
import type { UnmetGate } from "./unmet-gates.ts";

/** Who would sign, as far as it is proven. */
export interface Operator {
  /** The manifest's name, else the key id or subject. */
  readonly name: string;
  readonly actor: EventActor;
  readonly authorized: boolean;
  readonly via: string;
}

/** What the target environment's ledger said when the plan was made; applying checks that it still does. */
export interface ObservedState {
  readonly currentOperation: string | null;
  readonly lock: string | null;
  readonly holds: string;
}

/**
 * What a promotion or rollback would do, fully evaluated: a value that is printed by a dry run and handed to apply by a
 * real one.
 */
export interface OperationPlan {
  readonly action: "promote" | "rollback";
  /** The promotion or rollback id. */
  readonly operation: string;
  readonly traceId: string;
  readonly artifact: ResolvedArtifact;
  readonly source: string;
  readonly target: EnvironmentConfig;
  /** The immutable tag: `v1.2.3-prod`, or `v1.2.3-prod-rollback-1`. */
  readonly tag: string;
  readonly commitPoint: "environment-tag" | "latest-tag";
  /** What `latest-ENV` holds now. */
  readonly before: Digest | null;
  readonly previous: {
    readonly version: string;
    readonly digest: Digest;
    readonly record: Digest | null;
  } | null;
  readonly observed: ObservedState;
  /** Freeze windows that are closed, and let it through or are overridden; one that closes later makes the plan stale. */
  readonly freezes: readonly FreezeSpell[];
  /** Refusals that the operator has let pass. */
  readonly overrides: readonly Override[];
  readonly operator: Operator | null;
  readonly claimedOperator: string | undefined;
  readonly signature: VerificationResult;
  readonly approvals: ApprovalJudgement;
  readonly gates: readonly GateResult[];
  /** What the verdicts rest on, for those gates that had reports; kept as evidence beside the artifact. */
  readonly material: readonly GateMaterial[];
  /** Gates that were not run because something else blocks already. */
  readonly notRun: readonly string[];
  readonly blocking: readonly Reason[];
  readonly warnings: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly policyDigest: Digest;
  readonly authorityDigest: Digest;
  readonly manifestDigest: string;
  /** What {@link planDigest} covers. */
  readonly basis: PlanBasis;
  readonly planDigest: Digest;
  /** How long the gates took the last time, in milliseconds; `null` where that is not known. */
  readonly estimatedGatesMs: number | null;
  /** Operation id of an abandoned intent of this very promotion, which a run takes over instead of starting anew. */
  readonly resumes: string | null;
  /** Slot of the event whose holder is gone; `null` where nothing is resumed. */
  readonly resumesFrom: number | null;
  readonly rollback: RollbackPlan | null;
  /**
   * Promotions from another repository only: in a dry run what would be sent, in a real one what was; `null` otherwise.
   */
  readonly copy?: PlannedCopy | null;
}

/** What has to be brought to the target's own repository before it can be promoted there. */
export interface PlannedCopy extends CopyAmount {
  readonly from: string;
  readonly to: string;
}

/** What only rollbacks have. */
export interface RollbackPlan {
  readonly from: { readonly version: string; readonly digest: Digest };
  readonly previousSeq: number | null;
  /** Optional gates that had not passed for the version returned to. */
  readonly unmetGates: readonly UnmetGate[];
  readonly count: number;
  readonly reason: string;
  readonly impact: ImpactAnalysis;
}

/** A promotion or rollback that was carried out. */
export interface OperationDone {
  readonly kind: "done";
  readonly plan: OperationPlan;
  readonly operation: string;
  readonly record: { readonly digest: Digest; readonly tag: string };
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
  readonly committedAt: string;
  /** An interrupted run of the same operation was finished. */
  readonly resumed: boolean;
  /** What became of each secondary registry; absent where there are none. */
  readonly syncs?: readonly SyncStatus[];
  /** Secondary registries that are incomplete, where the request was strict about them. */
  readonly incomplete?: readonly Reason[];
  readonly warnings: readonly string[];
}

/** What promote and rollback come to. */
export type OperationOutcome =
  | OperationDone
  /** `--if-needed`, and this very digest is current there. */
  | { readonly kind: "unchanged"; readonly plan: OperationPlan; readonly dryRun: boolean }
  /** A dry run that nothing blocks. */
  | { readonly kind: "would_succeed"; readonly plan: OperationPlan }
  | {
      readonly kind: "blocked";
      readonly plan: OperationPlan | null;
      readonly blocking: readonly Reason[];
      readonly dryRun: boolean;
    };

/** The exit code of an outcome. */
export function exitCodeOfOutcome(outcome: OperationOutcome): number {
  if (outcome.kind === "blocked") return exitCodeOfReasons(outcome.blocking);
  return outcome.kind === "done" ? exitCodeOfReasons(outcome.incomplete ?? []) : 0;
}
