import type { GateSubject, GateVerdict } from "@floe/core/plugin";
import { ReportProblem, withoutCopies } from "@floe/gate-kit";
import type { TestsConfig } from "./config.ts";
import { judgeExitStatus } from "./judge-exit-status.ts";
import { judgeReports } from "./judge-reports.ts";
import type { JunitReport } from "./junit-report.ts";
import { readJunit } from "./read-junit.ts";

const READABLE = new Set(["auto", "junit"]);

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
  const reports: JunitReport[] = [];
  for (const report of withoutCopies(subject.reports)) {
    if (!READABLE.has(report.format)) {
      throw new ReportProblem(
        report.path,
        undefined,
        `its format is given as "${report.format}"; this version reads junit`,
      );
    }
    reports.push(await readJunit(report.path, report.bytes, options));
  }
  return judgeReports(reports, subject.run, config);
}
