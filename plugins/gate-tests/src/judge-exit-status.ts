import type { GateRun, GateVerdict } from "@floe/core/plugin";
import { cleanText, whyNotEnded } from "@floe/gate-kit";
import type { TestsConfig } from "./config.ts";

/** Lines of output that are shown when there is no report to say what failed. */
const TAIL_LINES = 5;

/**
 * Judges a command without reports by its exit status alone, and says so.
 *
 * @throws {Error} when the command did not end by itself, or a setting asks for numbers that only a report has.
 */
export function judgeExitStatus(run: GateRun | null, config: TestsConfig): GateVerdict {
  if (run === null) {
    throw new Error("there is neither a test report nor a command: nothing says whether tests ran");
  }
  const problem = whyNotEnded(run);
  if (problem !== null) throw new Error(problem);
  const needing = settingsThatNeedReport(config);
  if (needing.length > 0) {
    throw new Error(
      `${needing.join(" and ")} cannot be judged by an exit status: list the report files under reports`,
    );
  }
  const details = { judged_by: "exit_status" };
  if (run.exitCode === 0) {
    return {
      status: "passed",
      summary: "the command ended with exit status 0; no report says which tests ran",
      details,
    };
  }
  const summary = `the command ended with exit status ${run.exitCode}; no report says which tests failed`;
  return {
    status: "failed",
    summary,
    reasons: [
      {
        code: "TESTS_COMMAND_FAILED",
        level: "fail",
        message: [summary, ...outputTail(run)].join("\n"),
        measured: run.exitCode ?? "none",
        limit: 0,
        fix: "Let the command write JUnit XML and list it under reports, to see the tests here.",
      },
    ],
    details,
  };
}

function settingsThatNeedReport(config: TestsConfig): string[] {
  return [
    ...(config.min_tests > 1 ? ["min_tests"] : []),
    ...(config.max_skipped_percent === undefined ? [] : ["max_skipped_percent"]),
    ...(config.required_suites.length === 0 ? [] : ["required_suites"]),
  ];
}

function outputTail(run: GateRun): string[] {
  const output = run.stderr.trim() === "" ? run.stdout : run.stderr;
  return output
    .slice(-4000)
    .split("\n")
    .map((line) => cleanText(line))
    .filter((line) => line !== "")
    .slice(-TAIL_LINES);
}
