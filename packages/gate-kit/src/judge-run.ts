import type { GateReport, GateRun, GateVerdict } from "@floe/core/plugin";
import { ReportProblem } from "./report-problem.ts";
import { whyNotEnded } from "./why-not-ended.ts";

/**
 * Refuses to judge what a command wrote that did not end by itself: how much of it is missing is not known.
 *
 * @throws {Error} saying how it ended.
 */
export function requireEnded(run: GateRun | null): void {
  const why = run === null ? null : whyNotEnded(run);
  if (why !== null) throw new Error(`${why}; what it had reported by then proves nothing`);
}

/**
 * Refuses reports that are older than the command that should have written them.
 *
 * @throws {ReportProblem} naming the file and both times.
 */
export function requireFresh(reports: readonly GateReport[], run: GateRun | null): void {
  if (run === null) return;
  // File systems keep times in steps, some of whole seconds.
  const started = Math.floor(run.startedAt.getTime() / 1000) * 1000;
  for (const { path, modifiedAt } of reports) {
    if (modifiedAt.getTime() >= started) continue;
    throw new ReportProblem(
      path,
      undefined,
      `it was written ${modifiedAt.toISOString()}, before the command was started (${run.startedAt.toISOString()}): delete it before the run, and let the command write a new one`,
    );
  }
}

/**
 * Refuses a good verdict beside a bad exit status: one of the two is wrong, and nobody knows which.
 *
 * @param explained Whether what the reports list is why the command did not end with 0.
 * @throws {Error} naming the exit status.
 */
export function requireAgreement(
  run: GateRun | null,
  status: GateVerdict["status"],
  explained = false,
): void {
  if (run === null || run.exitCode === 0 || status === "failed" || explained) return;
  throw new Error(
    `the reports give no reason for it, but the command ended with exit status ${run.exitCode ?? "none"}: look into its output`,
  );
}
