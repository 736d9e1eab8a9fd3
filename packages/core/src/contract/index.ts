export { PLUGIN_API_VERSION, SUPPORTED_API_VERSIONS } from "./api-version.ts";
export {
  type AuditBackend,
  type AuditBackendError,
  type AuditBackendProvider,
  type AuditCallOptions,
  type AuditCapabilities,
  type AuditClaim,
  type AuditEntry,
  type AuditFailure,
  type AuditFinding,
  type AuditHead,
  type AuditOpenOptions,
  type AuditProbe,
  defineAuditBackend,
} from "./audit-backend.ts";
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
