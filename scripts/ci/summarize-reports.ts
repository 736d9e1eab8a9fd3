/** A report of vitest's json reporter, and the step that wrote it. */
export interface StepReport {
  readonly step: string;
  /** The parsed report; null when there is none. */
  readonly report: VitestReport | null;
}

/** The part of vitest's json report that counting needs. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** The numbers of a run, with a line for all that failed or did not run. */
export interface RunSummary {
  readonly passed: number;
  readonly failed: number;
  readonly problems: readonly string[];
}

/**
 * Counts the tests of all reports. What vitest's own numbers leave out counts as failed: a file that does not load, a
 * test that was skipped, a report that is missing, and a step that failed with no failed test to show for it (lint, or
 * vitest with an error outside of any test).
 */
export function summarizeReports(
  reports: readonly StepReport[],
  failedSteps: readonly string[],
): RunSummary {
  const counted = reports.map((entry) => ({ ...entry, problems: problemsOf(entry) }));
  const explained = new Set(
    counted.filter(({ problems }) => problems.length > 0).map(({ step }) => step),
  );
  const problems = [
    ...counted.flatMap((entry) => entry.problems),
    ...failedSteps.filter((step) => !explained.has(step)).map((step) => `${step}: the step failed`),
  ];
  const passed = reports.reduce((sum, { report }) => sum + (report?.numPassedTests ?? 0), 0);
  return { passed, failed: problems.length, problems };
}

function problemsOf({ step, report }: StepReport): string[] {
  if (report === null) return [`${step}: no report`];
  return report.testResults.flatMap(({ name, status, assertionResults }) => {
    const tests = assertionResults.filter((test) => test.status !== "passed");
    const loaded = status !== "failed" || assertionResults.some((test) => test.status === "failed");
    return [
      ...(loaded ? [] : [`${step}: failed to load: ${name}`]),
      ...tests.map((test) => `${step}: ${test.status}: ${name}: ${test.fullName}`),
    ];
  });
}
