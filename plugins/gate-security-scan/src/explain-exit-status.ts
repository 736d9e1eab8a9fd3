import type { GateRun } from "@floe/core/plugin";
import type { LocatedReport } from "./check-reports.ts";
import type { ScanFormat } from "./scan-report.ts";

/** The exit status by which a scanner says that it found something, whatever the settings of this gate are. */
const FINDINGS_STATUS: Readonly<Record<ScanFormat, number>> = {
  trivy: 1,
  grype: 2,
  osv: 1,
  "npm-audit": 1,
  sarif: 1,
  cyclonedx: 1,
  gitleaks: 1,
  vulns: 1,
};

/**
 * Whether the findings in the reports explain why the command did not end with 0. The same status of a scanner often
 * also means that it could not check: only a report that is whole, and lists findings, tells the two apart.
 */
export function explainsExitStatus(
  run: GateRun | null,
  reports: readonly LocatedReport[],
): boolean {
  if (run === null || run.exitCode === null) return false;
  return reports.some(
    ({ report }) =>
      run.exitCode === FINDINGS_STATUS[report.format] &&
      report.findings.length + report.suppressed > 0,
  );
}
