import type { GateReason, GateRun, GateVerdict } from "@floe/core/plugin";
import { cleanText, matchName, whyNotEnded } from "@floe/gate-kit";
import type { TestsConfig } from "./config.ts";
import type { JunitCase, JunitReport } from "./junit-report.ts";
import { type TestTally, tallyTests } from "./tally-tests.ts";
import { countTests, type TestCounts } from "./test-counts.ts";
import { testName } from "./test-name.ts";
import { failureReasons, otherReasons } from "./test-reasons.ts";

/** Failed tests that the summary names. */
const MAX_IN_SUMMARY = 3;
const MAX_PATHS = 3;

/**
 * Judges what JUnit reports show. Single tests count, not totals; where the attributes announce more failures than
 * there are tests to show for them, the worse of both counts.
 *
 * @throws {Error} when too few tests ran, a required suite did not run, or a green report was cut short.
 */
export function judgeReports(
  reports: readonly JunitReport[],
  run: GateRun | null,
  config: TestsConfig,
): GateVerdict {
  const tally = tallyTests(reports);
  const counts = countTests(reports, tally, run);
  const failing = counts.failed + counts.errored;
  if (failing > config.max_failures) {
    const reasons = failureReasons(counts, "fail", config);
    return verdict("failed", failureSummary(counts), reasons, counts, tally, reports);
  }
  refuseToJudge(counts, tally, reports, run, config);

  const reasons = [
    ...failureReasons(counts, "warn", config),
    ...otherReasons(counts, tally, reports, run, config),
  ];
  const summary = `${counts.passed + counts.flaky} of ${counts.tests} tests passed${others(counts)}`;
  const status = reasons.some((reason) => reason.level === "fail")
    ? "failed"
    : reasons.some((reason) => reason.level === "warn")
      ? "warning"
      : "passed";
  return verdict(status, summary, reasons, counts, tally, reports);
}

/** Throws where the reports show no failure but do not show either that the tests ran. */
function refuseToJudge(
  counts: TestCounts,
  tally: TestTally,
  reports: readonly JunitReport[],
  run: GateRun | null,
  config: TestsConfig,
): void {
  const names = listPaths(reports);
  const cutShort = run === null ? null : whyNotEnded(run);
  if (cutShort !== null) {
    throw new Error(`${cutShort}; what it had reported by then proves nothing (${names})`);
  }
  const executed = tally.executed.length + counts.unexplained;
  if (executed < config.min_tests) {
    throw new Error(
      `${executed === 0 ? "no test" : `only ${executed} of at least ${config.min_tests} tests`} ran according to ${names}${whyFew(tally, reports)} (min_tests: ${config.min_tests})`,
    );
  }
  const absent = config.required_suites.filter(
    (glob) => !tally.executed.some((one) => namesOf(one).some((name) => matchName(glob, name))),
  );
  if (absent.length > 0) {
    throw new Error(
      `required_suites: no test ran that matches ${absent.map((glob) => `"${glob}"`).join(", ")}`,
    );
  }
}

function listPaths(reports: readonly JunitReport[]): string {
  const more = reports.length - MAX_PATHS;
  const paths = reports.slice(0, MAX_PATHS).map((report) => cleanText(report.path));
  return `${paths.join(", ")}${more > 0 ? ` and ${more} more reports` : ""}`;
}

function whyFew(tally: TestTally, reports: readonly JunitReport[]): string {
  const announced = reports.reduce((sum, report) => sum + (report.announced?.tests ?? 0), 0);
  if (tally.emptyFiles.length > 0) {
    return `: it names ${tally.emptyFiles.length} files without a test that was selected`;
  }
  if (tally.skipped > 0) return `: ${tally.skipped} were skipped, by a filter?`;
  if (announced > tally.tests) return `: ${announced} tests are announced but not listed`;
  return "";
}

function namesOf(one: JunitCase): string[] {
  return [...one.suites, one.suites.join("/"), one.className, one.file, one.report];
}

function failureSummary(counts: TestCounts): string {
  const failing = counts.failed + counts.errored;
  const named = counts.failures.slice(0, MAX_IN_SUMMARY).map(testName).join(", ");
  const more = failing - Math.min(counts.failures.length, MAX_IN_SUMMARY);
  const list = named === "" ? "" : `: ${named}${more > 0 ? ` and ${more} more` : ""}`;
  return `${failing} of ${counts.tests} tests failed${list}`;
}

function others(counts: TestCounts): string {
  const parts = [
    [counts.failed + counts.errored, "failed"],
    [counts.skipped, "skipped"],
    [counts.flaky, "passed only when repeated"],
  ] as const;
  return parts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `, ${number} ${what}`)
    .join("");
}

function verdict(
  status: "passed" | "warning" | "failed",
  summary: string,
  reasons: readonly GateReason[],
  counts: TestCounts,
  tally: TestTally,
  reports: readonly JunitReport[],
): GateVerdict {
  const { tests, passed, failed, errored, skipped, flaky } = counts;
  return {
    status,
    summary,
    ...(reasons.length === 0 ? {} : { reasons }),
    metrics: { tests, passed, failed, errored, skipped, flaky },
    details: {
      judged_by: "report",
      todo: tally.todo,
      seconds: tally.seconds,
      reports: reports.slice(0, 100).map((report) => ({
        path: report.path,
        listed: report.cases.length,
        announced: report.announced?.tests ?? null,
        sanitised: report.sanitised,
      })),
    },
  };
}
