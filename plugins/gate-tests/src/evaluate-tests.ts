import type { GateSubject, GateVerdict } from "@floe/core/plugin";
import { readReports } from "@floe/gate-kit";
import type { TestsConfig } from "./config.ts";
import { judgeExitStatus } from "./judge-exit-status.ts";
import { judgeReports } from "./judge-reports.ts";
import { REPORT_READERS } from "./report-readers.ts";

/**
 * Judges the tests of an artifact: by its reports, or by the command's exit status where there are none.
 *
 * @throws {Error} when it cannot be judged; the message names the file and the line.
 */
export async function evaluateTests(
  subject: GateSubject,
  config: TestsConfig,
  options: { readonly signal: AbortSignal },
): Promise<GateVerdict> {
  options.signal.throwIfAborted();
  if (subject.reports.length === 0) return judgeExitStatus(subject.run, config);
  const reports = await readReports(subject.reports, REPORT_READERS, options);
  return judgeReports(reports, subject.run, config);
}
