export {
  type EnforcementReport,
  hasResult,
  type ReportedEnvironment,
  type ReportedGate,
} from "./report/enforcement-report.ts";
export { type ReportFormat, writeReport } from "./report/write-report.ts";
