export type { AnchorAnswer, GivenCheckpoint } from "./audit/anchors/judge-anchors.ts";
export { type AnchoredCopy, exitCodeOfCopies } from "./audit/anchors/spread-checkpoint.ts";
export type { AuditRequest, LedgerAudit } from "./audit/audit-ledger.ts";
export type { BundleRequest, MadeBundle } from "./audit/bundle/make-bundle.ts";
export { type VerifyBundleRequest, verifyAuditBundle } from "./audit/bundle/verify-bundle.ts";
export { type ChainAnswer, checkChain } from "./audit/check-chain.ts";
export type { Checkpoint } from "./audit/checkpoint.ts";
export {
  type ExportCursor,
  NO_CURSOR,
  parseCursor,
  writeCursor,
} from "./audit/export/cursor.ts";
export {
  EXPORT_FORMATS,
  type ExportedLedgers,
  type ExportFormat,
  type ExportRequest,
} from "./audit/export/export-events.ts";
export type { DriftedTag, DriftRequest } from "./audit/find-drift.ts";
export type { CheckpointRequest, MadeCheckpoint } from "./audit/make-checkpoint.ts";
export type { LedgerPlaceName, MovedLedger, MoveRequest } from "./audit/move/move-ledgers.ts";
export type { NeededEvent } from "./audit/prune/choose-kept.ts";
export type { PruneArchive, PrunedLedger, PruneRequest } from "./audit/prune/prune-ledgers.ts";
export type { PrunedPast } from "./audit/pruning-of.ts";
export type { EventRequest, ShownEvent } from "./audit/show-event.ts";
export type { AuditFinding, AuditQuestion, AuditVerdict } from "./audit/verdict.ts";
export type { ArtifactComparison } from "./compare/compare-artifacts.ts";
export type { FieldChange } from "./compare/json-changes.ts";
export { createFloe, type Floe, type FloeOptions, type RequestOptions } from "./create-floe.ts";
export type { DoctorRequest } from "./doctor/examine.ts";
export { type DoctorArea, type DoctorFinding, findingsOf } from "./doctor/finding.ts";
export {
  probeRegistry,
  type RegistryProbe,
  type RegistryProbeOptions,
  type RegistryTraits,
} from "./doctor/probe-registry.ts";
export * from "./errors/index.ts";
export { applyExemptions, type ExemptionScope } from "./gates/apply-exemptions.ts";
export type { Exemption, UsedExemption } from "./gates/exemption.ts";
export type { RunGateRequest } from "./gates/run-one.ts";
export type { GateReverdict, GatesVerified, VerifyGatesRequest } from "./gates/verify-gates.ts";
export { type ProbeOptions, probeBackend } from "./ledger/probe-backend.ts";
export type * from "./manifest/manifest.ts";
export type { Webhook, WebhookEvent, WebhookFormat } from "./manifest/webhook.ts";
export { identitiesOf, usesKeyless } from "./model/identity.ts";
export * from "./model/index.ts";
export {
  type ApprovalStatement,
  type GateResult,
  type GateStatus,
  type ImpactAnalysis,
  type Override,
  PREDICATE_TYPES,
  type PromotionRecord,
  type RecordedApproval,
  type RecordedReason,
  type RollbackRecord,
  resourceUri,
  type VerificationSummary,
} from "./model/records.ts";
export { type PluginDescriptor, type PluginSource, parseDescriptor } from "./plugins/descriptor.ts";
export { discoverPlugin } from "./plugins/discover.ts";
export { pluginEntry } from "./plugins/plugin-entry.ts";
export {
  createPluginRegistry,
  type GateListing,
  type PluginRegistry,
  type PluginRegistryOptions,
} from "./plugins/registry.ts";
export type * from "./ports/index.ts";
export type { AdoptOutcome, AdoptRequest } from "./promotion/adopt.ts";
export type {
  OpinionKind,
  OpinionOutcome,
  OpinionRequest,
} from "./promotion/approvals/give-opinion.ts";
export type { ApprovalJudgement, StandingDenial } from "./promotion/approvals/judge-approvals.ts";
export type { ApprovalStatus, ApprovalsRequest } from "./promotion/approvals/list-approvals.ts";
export type { Deployment, DeploymentRequest } from "./promotion/deployment.ts";
export type { ArtifactDiff, DiffRequest } from "./promotion/diff.ts";
export { findEnvironment } from "./promotion/environments.ts";
export type { HeldStatus, NextFreeze } from "./promotion/held-status.ts";
export type { HistoryEvent, HistoryRequest } from "./promotion/history.ts";
export type { SignerOrigin } from "./promotion/how-to-prove.ts";
export type { EnvironmentTag, ListTagsRequest } from "./promotion/list-tags.ts";
export type { LockOutcome, LockRequest } from "./promotion/lock.ts";
export type { DurationMetric, Metric, Metrics, MetricsRequest } from "./promotion/metrics.ts";
export { nearNames } from "./promotion/near-names.ts";
export {
  exitCodeOfOutcome,
  type OperationDone,
  type OperationOutcome,
  type OperationPlan,
  type Operator,
  type PlannedCopy,
  type RollbackPlan,
} from "./promotion/operation.ts";
export type { OverrideRequest } from "./promotion/override-lane.ts";
export type { PlanBasis } from "./promotion/plan-basis.ts";
export type {
  AcceptPolicyOutcome,
  AcceptPolicyRequest,
} from "./promotion/policy-pin/accept-policy.ts";
export type { PromoteRequest } from "./promotion/promote.ts";
export type {
  QuarantinedIn,
  QuarantineOutcome,
  QuarantineRequest,
} from "./promotion/quarantine.ts";
export { exitCodeOfReasons, type Reason } from "./promotion/reason.ts";
export type {
  ReconcileOutcome,
  ReconcileRequest,
  Settled,
  SyncedIn,
} from "./promotion/reconcile.ts";
export type { Recovered } from "./promotion/recover.ts";
export { parseVersionArgument, tagRules } from "./promotion/resolve-artifact.ts";
export type { RestoreTagsOutcome, RestoreTagsRequest } from "./promotion/restore-tags.ts";
export type { RollbackRequest } from "./promotion/rollback.ts";
export { parsePlan, type SavedPlan, writePlan } from "./promotion/saved-plan.ts";
export type { StatusRequest } from "./promotion/status.ts";
export type { EnvironmentStatus, VersionStatus } from "./promotion/status-row.ts";
export type { SyncStatus } from "./promotion/sync/sync-registry.ts";
export type { Delivered } from "./promotion/webhooks/deliver-events.ts";
export type { Check, CheckName, CheckStatus } from "./verification/check.ts";
export type { EnvironmentVerification, VerifyRequest } from "./verification/verify-environment.ts";
export type { VerifiedStep } from "./verification/verify-step.ts";
