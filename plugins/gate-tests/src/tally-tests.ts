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
  readonly failures: readonly LocatedCase[];
  readonly flakyTests: readonly LocatedCase[];
  /**
   * Those of {@link flakyTests} that are known as repeated only by their name: a program that gives two tests one
   * name writes the same.
   */
  readonly flakyByName: readonly LocatedCase[];
  /** Every test that ran. */
  readonly executed: readonly LocatedCase[];
  /** Files that `node --test` reports as a passing test because they hold none. */
  readonly emptyFiles: readonly string[];
}

/** A case and the report in which it stands. */
export interface LocatedCase extends JunitCase {
  readonly report: string;
}

/** Counts the tests of all reports. */
export function tallyTests(reports: readonly JunitReport[]): TestTally {
  const all = reports.flatMap(({ path, cases }) =>
    cases.map((one): LocatedCase => ({ ...one, report: path })),
  );
  const files = new Set(all.filter((one) => !one.isEmptyFile).map((one) => one.file));
  const isEmpty = (one: JunitCase): boolean =>
    one.isEmptyFile && (one.file === "" || !files.has(one.file));
  const emptyFiles = all.filter(isEmpty).map((one) => one.name);
  const groups = groupByIdentity(all.filter((one) => !isEmpty(one)));

  const flakyByName: LocatedCase[] = [];
  const tests = groups.flatMap((group) => {
    const merged = mergeAttempts(group);
    if (merged === null) return group;
    if (merged.status === "flaky") flakyByName.push(merged);
    return [merged];
  });
  const having = (...statuses: JunitCase["status"][]) =>
    tests.filter((one) => statuses.includes(one.status));
  return {
    tests: tests.length,
    passed: having("passed").length,
    failed: having("failed").length,
    errored: having("errored").length,
    skipped: having("skipped", "todo").length,
    todo: having("todo").length,
    flaky: having("flaky").length,
    seconds: Math.round(all.reduce((sum, one) => sum + one.seconds, 0) * 1e6) / 1e6,
    failures: having("failed", "errored"),
    flakyTests: having("flaky"),
    flakyByName,
    executed: having("passed", "failed", "errored", "flaky"),
    emptyFiles,
  };
}

function groupByIdentity(cases: readonly LocatedCase[]): LocatedCase[][] {
  const groups: LocatedCase[][] = [];
  const byIdentity = new Map<string, LocatedCase[]>();
  for (const one of cases) {
    const known = byIdentity.get(one.identity);
    // Cases without a name have nothing in common but that.
    if (known !== undefined && one.identity !== "") {
      known.push(one);
      continue;
    }
    const group = [one];
    groups.push(group);
    byIdentity.set(one.identity, group);
  }
  return groups;
}

/**
 * Merges the attempts of one test: failures up to a single pass at the end, or failures only. Any other row of equal
 * names is tests that share a name (parameters, browsers), each of which counts: `null`.
 */
function mergeAttempts(group: readonly LocatedCase[]): LocatedCase | null {
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
