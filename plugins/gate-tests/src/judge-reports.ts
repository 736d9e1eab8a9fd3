import type { GateReason, GateRun, GateVerdict } from "@floe/core/plugin";
import { whyNotEnded } from "./check-run.ts";
import type { TestsConfig } from "./config.ts";
import type { AnnouncedTotals, JunitReport } from "./junit-report.ts";
import { matchName } from "./match-name.ts";
import { type LocatedCase, type TestTally, tallyTests } from "./tally-tests.ts";
import { testName, testPlace } from "./test-name.ts";

/** Tests that are named one by one; the rest is counted. */
const MAX_NAMED = 20;
const MAX_IN_SUMMARY = 3;

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
  const counts = count(reports, tally, run);
  const failing = counts.failed + counts.errored;
  const reasons: GateReason[] = [];

  if (failing > config.max_failures) {
    reasons.push(...failureReasons(counts, "fail", config));
    return verdict("failed", failureSummary(counts), reasons, counts, tally, reports);
  }
  refuseToJudge(counts, tally, reports, run, config);

  if (failing > 0) reasons.push(...failureReasons(counts, "warn", config));
  reasons.push(
    ...skippedReasons(counts, config),
    ...flakyReasons(counts),
    ...missingReasons(reports),
    ...exitStatusReasons(run, failing),
    ...repairReasons(tally, reports),
  );
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
  counts: Counts,
  tally: TestTally,
  reports: readonly JunitReport[],
  run: GateRun | null,
  config: TestsConfig,
): void {
  const names = reports.map((report) => report.path).join(", ");
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

function whyFew(tally: TestTally, reports: readonly JunitReport[]): string {
  const announced = reports.reduce((sum, report) => sum + (report.announced?.tests ?? 0), 0);
  if (tally.emptyFiles.length > 0) {
    return `: ${tally.emptyFiles.length} files hold no test that was selected`;
  }
  if (tally.skipped > 0) return `: ${tally.skipped} were skipped, by a filter?`;
  if (announced > tally.tests) return `: ${announced} tests are announced but not listed`;
  return "";
}

function namesOf(one: LocatedCase): string[] {
  return [...one.suites, one.suites.join("/"), one.className, one.file, one.report];
}

function failureSummary(counts: Counts): string {
  const failing = counts.failed + counts.errored;
  const named = counts.failures.slice(0, MAX_IN_SUMMARY).map(testName).join(", ");
  const more = failing - Math.min(counts.failures.length, MAX_IN_SUMMARY);
  const list = named === "" ? "" : `: ${named}${more > 0 ? ` and ${more} more` : ""}`;
  return `${failing} of ${counts.tests} tests failed${list}`;
}

function others(counts: Counts): string {
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
  counts: Counts,
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
