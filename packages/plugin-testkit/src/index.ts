export { auditBackendChecks } from "./audit-backend-checks.ts";
export type {
  AuditBackendCheck,
  AuditBackendContract,
  AuditFaults,
  AuditStoreUnderTest,
} from "./audit-backend-contract.ts";
export { checkVerdict } from "./check-verdict.ts";
export { describeAuditBackendContract } from "./describe-audit-backend-contract.ts";
export { describeGateContract } from "./describe-gate-contract.ts";
export {
  type FakeServices,
  fakeServices,
  type LoggedLine,
  type RecordingLogger,
  recordingLogger,
} from "./fake-services.ts";
export { type FakeSubjectInit, fakeReport, fakeRun, fakeSubject } from "./fake-subject.ts";
export { gateChecks } from "./gate-checks.ts";
export type { GateCase, GateCheck, GateContract } from "./gate-contract.ts";
