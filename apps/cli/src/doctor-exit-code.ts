import type { DoctorFinding } from "@floe/core";
import { EXIT, exitCodeOf } from "@floe/core/errors";

/** The exit code of what doctor found: that of the first failure, 0 without one. Warnings are none. */
export function exitCodeOfFindings(findings: readonly DoctorFinding[]): number {
  const code = findings.find(({ status }) => status === "fail")?.code;
  return code === undefined || code === null ? EXIT.ok : exitCodeOf(code);
}
