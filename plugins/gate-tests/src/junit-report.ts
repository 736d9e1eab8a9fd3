/** How one `<testcase>` ended, before attempts are merged. */
export type CaseStatus = "passed" | "failed" | "errored" | "skipped" | "todo" | "flaky";

/** One `<testcase>`. */
export interface JunitCase {
  /** Path of the report in which it stands. */
  readonly report: string;
  readonly name: string;
  readonly className: string;
  readonly file: string;
  /** Names of the suites around it, outermost first. */
  readonly suites: readonly string[];
  readonly status: CaseStatus;
  /** First line of the failure, empty if there is none. */
  readonly message: string;
  /** Where the case begins in the report, from 1. */
  readonly reportLine: number;
  readonly line: string;
  readonly seconds: number;
  /** A file of `node --test` that holds no test: it is reported as a passing test of the file's name. */
  readonly isEmptyFile: boolean;
}

/** What the attributes of the suites say, which is not always what they hold. */
export interface AnnouncedTotals {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
}

/** A JUnit report as it is written, nothing merged. */
export interface JunitReport {
  readonly path: string;
  readonly cases: readonly JunitCase[];
  /** Cases that nothing tells from one another, in their order, by the first of them. */
  readonly repeated: ReadonlyMap<JunitCase, readonly JunitCase[]>;
  /** `null` where no suite has the attribute `tests`. */
  readonly announced: AnnouncedTotals | null;
  /** Tests that the attributes announce and that are not listed. */
  readonly missing: number;
  /** Failures that the attributes announce and that no listed test explains. */
  readonly unexplainedFailures: number;
  /** Illegal characters that were replaced before parsing. */
  readonly sanitised: number;
}
