/** Everything of the kit that needs no vitest, for other test runners. */
export { auditBackendChecks } from "./audit-backend-checks.ts";
export type {
  AuditBackendCheck,
  AuditBackendContract,
  AuditFaults,
  AuditStoreUnderTest,
} from "./audit-backend-contract.ts";
export { checkVerdict } from "./check-verdict.ts";
export { type FakeServices, fakeServices, recordingLogger } from "./fake-services.ts";
export { type FakeSubjectInit, fakeReport, fakeRun, fakeSubject } from "./fake-subject.ts";
export { gateChecks } from "./gate-checks.ts";
export type { GateCase, GateCheck, GateContract } from "./gate-contract.ts";
