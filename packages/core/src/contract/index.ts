export type { AnchoredCheckpoint, AnchoredLedger, AnchorStore } from "./anchor-store.ts";
export { PLUGIN_API_VERSION, SUPPORTED_API_VERSIONS } from "./api-version.ts";
export type {
  AuditBackend,
  AuditBackendError,
  AuditCallOptions,
  AuditCapabilities,
  AuditClaim,
  AuditClaimOptions,
  AuditEntry,
  AuditFailure,
  AuditFinding,
  AuditHead,
  AuditHeadOptions,
  AuditProbe,
} from "./audit-backend.ts";
export {
  type AuditBackendProvider,
  type AuditOpenOptions,
  defineAuditBackend,
} from "./audit-backend-provider.ts";
export {
  defineGate,
  type Gate,
  type GateBaseline,
  type GateProvider,
  type GateReason,
  type GateReport,
  type GateRun,
  type GateScan,
  type GateSubject,
  type GateVerdict,
  type GateVulnerability,
  type PluginCommand,
  type PluginJson,
  type PluginLogger,
  type PluginServices,
} from "./gate.ts";
export { definePlugin, type FloePlugin } from "./plugin.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
