import type { GateReason, GateRun } from "@floe/core/plugin";
import type { TestsConfig } from "./config.ts";
import type { JunitReport } from "./junit-report.ts";
import type { TestTally } from "./tally-tests.ts";
import type { TestCounts } from "./test-counts.ts";
import { testName, testPlace } from "./test-name.ts";

/** Tests that are named one by one; the rest is counted. */
const MAX_NAMED = 20;

/** Share of skipped tests, in percent, above which the gate warns unless the manifest sets a limit. */
const DEFAULT_SKIPPED_WARNING = 20;

/** One reason for each test that failed, up to a number; `level` says whether they block. */
export function failureReasons(
  counts: TestCounts,
  level: "fail" | "warn",
  config: TestsConfig,
): GateReason[] {
  const { failures, unexplained } = counts;
  const reasons = failures.slice(0, MAX_NAMED).map((one): GateReason => {
    const name = testName(one);
    const what = one.status === "errored" ? "could not run" : "failed";
    return {
      code: one.status === "errored" ? "TESTS_ERRORED" : "TESTS_FAILED",
      level,
      message: `${name} ${what}${one.message === "" ? "" : `: ${one.message}`}`,
      subject: name,
      where: testPlace(one),
    };
  });
  if (failures.length > MAX_NAMED) {
    reasons.push({
      code: "TESTS_FAILED",
      level,
      message: `${failures.length - MAX_NAMED} more tests failed`,
      measured: failures.length,
      limit: config.max_failures,
    });
  }
  if (unexplained > 0) {
    reasons.push({
      code: "TESTS_TOTALS_WORSE",
      level,
      message: `the totals of the report speak of ${unexplained} more failures than it lists`,
      measured: unexplained,
      limit: 0,
    });
  }
  return reasons;
}

/** Everything else that is worth saying of reports without too many failures. */
export function otherReasons(
  counts: TestCounts,
  tally: TestTally,
  reports: readonly JunitReport[],
  run: GateRun | null,
  config: TestsConfig,
): GateReason[] {
  return [
    ...skippedReasons(counts, config),
    ...flakyReasons(counts),
    ...missingReasons(reports),
    ...exitStatusReasons(run, counts.failed + counts.errored),
    ...repairReasons(tally, reports),
  ];
}

function skippedReasons(counts: TestCounts, config: TestsConfig): GateReason[] {
  const percent = counts.tests === 0 ? 0 : (counts.skipped / counts.tests) * 100;
  const limit = config.max_skipped_percent ?? DEFAULT_SKIPPED_WARNING;
  if (percent <= limit) return [];
  const shown = Math.round(percent * 10) / 10;
  return [
    {
      code: "TESTS_SKIPPED",
      level: config.max_skipped_percent === undefined ? "warn" : "fail",
      message: `${counts.skipped} of ${counts.tests} tests were skipped (${shown} %, limit ${limit} %)`,
      measured: shown,
      limit,
    },
  ];
}

function flakyReasons(counts: TestCounts): GateReason[] {
  return counts.flakyTests.slice(0, MAX_NAMED).map((one) => ({
    code: "TESTS_FLAKY",
    level: "warn",
    message: `${testName(one)} failed and passed when repeated${one.message === "" ? "" : `: ${one.message}`}`,
    subject: testName(one),
    where: testPlace(one),
  }));
}

function missingReasons(reports: readonly JunitReport[]): GateReason[] {
  return reports
    .filter((report) => report.missing > 0)
    .slice(0, MAX_NAMED)
    .map((report) => ({
      code: "TESTS_MISSING",
      level: "warn",
      message: `${report.path} announces ${report.missing} tests that it does not list`,
      measured: report.cases.length,
      limit: report.cases.length + report.missing,
      where: report.path,
    }));
}

/** floe itself makes such a contradiction an error; the gate does not hide it from whoever reads its verdict. */
function exitStatusReasons(run: GateRun | null, failing: number): GateReason[] {
  if (run === null || run.exitCode === 0 || failing > 0) return [];
  return [
    {
      code: "TESTS_EXIT_STATUS",
      level: "warn",
      message: `the reports show no failure, but the command ended with exit status ${run.exitCode}`,
      measured: run.exitCode ?? "none",
      limit: 0,
      fix: "Look into the command's output: a test file that cannot be loaded is often missing from the report.",
    },
  ];
}

function repairReasons(tally: TestTally, reports: readonly JunitReport[]): GateReason[] {
  const listed: GateReason[] = reports
    .filter((report) => report.announced !== null && report.announced.tests < report.cases.length)
    .slice(0, MAX_NAMED)
    .map((report) => ({
      code: "TESTS_TOTALS_LOWER",
      level: "info",
      message: `${report.path} announces ${report.announced?.tests} tests and lists ${report.cases.length}; the listed ones count`,
      where: report.path,
    }));
  const empty: GateReason[] = tally.emptyFiles.slice(0, MAX_NAMED).map((file) => ({
    code: "TESTS_FILE_EMPTY",
    level: "info",
    message: `${file} holds no test that was selected; it is not counted`,
    subject: file,
  }));
  return [...listed, ...empty];
}
