import type { GateRun } from "@floe/core/plugin";
import type { AnnouncedTotals, JunitCase, JunitReport } from "./junit-report.ts";
import type { TestTally } from "./tally-tests.ts";

/** What the reports show, tests and attributes together. */
export interface TestCounts
  extends Readonly<
    Record<"tests" | "passed" | "failed" | "errored" | "skipped" | "flaky", number>
  > {
  /** Failures of which only the attributes speak. */
  readonly unexplained: number;
  readonly failures: readonly JunitCase[];
  readonly flakyTests: readonly JunitCase[];
}

/**
 * Puts together what the listed tests and the attributes of the suites show; the worse of both counts. Tests that
 * seem to be repeated only because they share a name are not believed to have passed when the command failed.
 */
export function countTests(
  reports: readonly JunitReport[],
  tally: TestTally,
  run: GateRun | null,
): TestCounts {
  const unexplained = reports.reduce((sum, report) => sum + report.unexplainedFailures, 0);
  const { tests, passed, failed, errored, skipped, flaky, failures, flakyTests } = tally;
  const listed = { tests, passed, failed, errored, skipped, flaky, failures, flakyTests };
  if (failed + errored + unexplained === 0 && run?.exitCode !== 0 && tally.flakyByName.length > 0) {
    // The command failed and nothing else did: these were not repeated, they are different tests of one name.
    const suspects = tally.flakyByName;
    return {
      ...listed,
      tests: tests + suspects.length,
      passed: passed + suspects.length,
      failed: suspects.length,
      flaky: flaky - suspects.length,
      failures: suspects,
      flakyTests: flakyTests.filter((one) => !suspects.includes(one)),
      unexplained,
    };
  }
  const announced = reports.flatMap((report) => report.announced ?? []);
  if (tests === 0 && unexplained > 0) {
    // The attributes are the only evidence; that tests passed is not believed on their word.
    const sum = (key: keyof AnnouncedTotals) => announced.reduce((all, one) => all + one[key], 0);
    const errors = Math.min(sum("errors"), unexplained);
    return {
      ...listed,
      tests: Math.max(sum("tests"), unexplained),
      failed: unexplained - errors,
      errored: errors,
      skipped: sum("skipped"),
      unexplained,
    };
  }
  return { ...listed, tests: tests + unexplained, failed: failed + unexplained, unexplained };
}
