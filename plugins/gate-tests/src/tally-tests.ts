import type { JunitCase, JunitReport } from "./junit-report.ts";

/** The tests of a gate, attempts merged, so that each test counts once. */
export interface TestTally {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly errored: number;
  /** With those marked as `todo`. */
  readonly skipped: number;
  readonly todo: number;
  /** Failed first and passed when repeated. */
  readonly flaky: number;
  /** Sum of the tests' own times. */
  readonly seconds: number;
  /** Tests that failed or errored, in the order of the reports. */
  readonly failures: readonly JunitCase[];
  readonly flakyTests: readonly JunitCase[];
  /**
   * Those of {@link flakyTests} that are known as repeated only by their name: a program that gives two tests one
   * name writes the same.
   */
  readonly flakyByName: readonly JunitCase[];
  /** Every test that ran. */
  readonly executed: readonly JunitCase[];
  /** Files that `node --test` reports as a passing test because they hold none. */
  readonly emptyFiles: readonly string[];
}

/** Counts the tests of all reports. */
export function tallyTests(reports: readonly JunitReport[]): TestTally {
  const files = new Set<string>();
  for (const { cases } of reports)
    for (const one of cases) if (!one.isEmptyFile) files.add(one.file);
  const isEmpty = (one: JunitCase): boolean =>
    one.isEmptyFile && (one.file === "" || !files.has(one.file));

  const emptyFiles: string[] = [];
  const flakyByName: JunitCase[] = [];
  const tests: JunitCase[] = [];
  let seconds = 0;
  for (const { cases, repeated } of reports) {
    const later = new Set<JunitCase>();
    for (const one of cases) {
      seconds += one.seconds;
      if (isEmpty(one)) emptyFiles.push(one.name);
      if (later.has(one)) continue;
      const attempts = repeated.get(one);
      if (attempts === undefined) {
        if (!isEmpty(one)) tests.push(one);
        continue;
      }
      for (const other of attempts) later.add(other);
      const group = attempts.filter((attempt) => !isEmpty(attempt));
      const merged = mergeAttempts(group);
      if (merged?.status === "flaky") flakyByName.push(merged);
      for (const test of merged === null ? group : [merged]) tests.push(test);
    }
  }
  const having = (...statuses: JunitCase["status"][]) =>
    tests.filter((one) => statuses.includes(one.status));
  const failures = having("failed", "errored");
  const flakyTests = having("flaky");
  const executed = having("passed", "failed", "errored", "flaky");
  const failed = failures.filter(({ status }) => status === "failed").length;
  return {
    tests: tests.length,
    passed: executed.length - failures.length - flakyTests.length,
    failed,
    errored: failures.length - failed,
    skipped: tests.length - executed.length,
    todo: having("todo").length,
    flaky: flakyTests.length,
    seconds: Math.round(seconds * 1e6) / 1e6,
    failures,
    flakyTests,
    flakyByName,
    executed,
    emptyFiles,
  };
}

/**
 * Merges the attempts of one test: failures up to a single pass at the end, or failures only. Any other row of equal
 * names is tests that share a name (parameters, browsers), each of which counts: `null`.
 */
function mergeAttempts(group: readonly JunitCase[]): JunitCase | null {
  const last = group.at(-1);
  if (last === undefined || group.length === 1) return null;
  const failures = group.filter((one) => one.status === "failed" || one.status === "errored");
  const first = failures[0];
  if (first === undefined) return null;
  if (failures.length === group.length) {
    return failures.find((one) => one.status === "errored") ?? first;
  }
  const repeatedUntilItPassed = failures.length === group.length - 1 && last.status === "passed";
  return repeatedUntilItPassed ? { ...first, status: "flaky" } : null;
}
