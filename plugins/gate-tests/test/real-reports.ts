import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What must be read from a report; a number that is absent is 0. */
export interface Expected {
  readonly status: "passed" | "warning" | "failed";
  /** The cases as they stand in the file; `todo` counts as skipped. */
  readonly listed: Numbers;
  /** The verdict's metrics, where merging attempts or reading attributes changes the numbers. */
  readonly metrics?: Numbers & { readonly tests: number };
  /** Texts that the reasons must hold. */
  readonly says?: readonly string[];
  /** Sum of the times of the tests. */
  readonly seconds?: number;
}

/** A report from which no verdict may come. */
export interface Unreadable {
  readonly throws: RegExp;
}

interface Numbers {
  readonly passed?: number;
  readonly failed?: number;
  readonly errored?: number;
  readonly skipped?: number;
  readonly flaky?: number;
}

const SHARED = fileURLToPath(new URL("../../../../shared/data/reports", import.meta.url));
const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

/** The large collection lies beside the checkout; without it, the reports that may be copied are used. */
export const isSharedPresent = existsSync(SHARED);
export const reportFolder = isSharedPresent ? SHARED : FIXTURES;
export const reportSource = isSharedPresent
  ? "the shared collection"
  : "own fixtures only (../shared/data/reports is missing)";

const nothingRan: Unreadable = { throws: /no test ran according to/ };

const all: Readonly<Record<string, Expected | Unreadable>> = {
  "junit/bazel-suite-logs.xml": { status: "failed", listed: { errored: 1 } },
  "junit/corrupt.xml": { throws: /corrupt\.xml line 11: / },
  "junit/dotnet-804.xml": { status: "passed", listed: { passed: 803, skipped: 1 } },
  "junit/dotnet-testlogger.xml": {
    status: "failed",
    listed: { passed: 2, failed: 1, skipped: 1 },
  },
  "junit/empty.xml": { throws: /empty\.xml: the report is empty/ },
  "junit/entity-bomb.xml": { throws: /entity-bomb\.xml line \d+: it declares entities/ },
  "junit/gotestsum-rerun.xml": {
    status: "failed",
    listed: { passed: 3, failed: 10, skipped: 1 },
    metrics: { tests: 7, passed: 2, failed: 3, skipped: 1, flaky: 1 },
    says: ["TestBad", "TestSub/bad", "TestSub failed"],
  },
  "junit/jest-reportTestSuiteErrors.xml": {
    status: "failed",
    listed: { passed: 3, failed: 2, errored: 1, skipped: 1 },
    metrics: { tests: 6, passed: 3, failed: 1, errored: 1, skipped: 1 },
    says: ["d bad failed", "broken.test.js could not run"],
  },
  "junit/jest-small.xml": { status: "passed", listed: { passed: 2 } },
  "junit/mocha-duplicate-names.xml": { status: "passed", listed: { passed: 109 } },
  "junit/mocha-hidden-skipped.xml": { status: "failed", listed: { passed: 49, failed: 2 } },
  "junit/multiresult.xml": {
    status: "failed",
    listed: { passed: 1, failed: 1, errored: 1, skipped: 1 },
  },
  "junit/nested-mixed.xml": { status: "failed", listed: { passed: 8, failed: 1 } },
  "junit/newman-failures.xml": { status: "failed", listed: { passed: 2, failed: 1 } },
  "junit/no-attributes.xml": {
    status: "failed",
    listed: { passed: 1, failed: 1, errored: 1, skipped: 1 },
  },
  "junit/no-cases-but-tests.xml": {
    status: "failed",
    listed: {},
    metrics: { tests: 6, failed: 1, skipped: 2 },
  },
  "junit/node20.xml": { status: "failed", listed: { passed: 2, failed: 2, skipped: 2 } },
  "junit/non-junit.xml": { throws: /non-junit\.xml line 2: its root element is <suites>/ },
  "junit/non-xml.xml": { throws: /non-xml\.xml line 1: it is not XML/ },
  "junit/nunit-144-failures.xml": { status: "failed", listed: { passed: 6, failed: 144 } },
  "junit/playwright-two-browsers.xml": { status: "failed", listed: { passed: 14, failed: 2 } },
  "junit/pytest-4000-cases.xml": {
    status: "failed",
    listed: { passed: 3990, failed: 3, skipped: 7 },
    says: ["test_price[17]", "test_price[2048]", "test_price[3999]"],
  },
  "junit/pytest-97.xml": { status: "passed", listed: { passed: 80, skipped: 17 } },
  "junit/pytest-collect-error.xml": { status: "failed", listed: { errored: 1 } },
  "junit/pytest.xml": {
    status: "failed",
    listed: { passed: 2, failed: 1, errored: 1, skipped: 2 },
  },
  "junit/scalatest-properties.xml": { status: "passed", listed: { passed: 5 } },
  "junit/surefire-flaky-passed.xml": { status: "warning", listed: { passed: 2, flaky: 1 } },
  "junit/surefire-rerun-failed.xml": {
    status: "failed",
    listed: { passed: 1, failed: 1 },
    seconds: 1204.318,
  },
  "junit/testcafe.xml": { status: "passed", listed: { passed: 2 } },
  "junit/testsuite-in-testsuite.xml": { status: "passed", listed: { passed: 5 } },
  "junit/trivy-as-junit.xml": { status: "failed", listed: { failed: 4 } },
  "junit/vitest.xml": { status: "failed", listed: { passed: 3, failed: 1, skipped: 2 } },
  "junit/with-xml-entities.xml": {
    status: "failed",
    listed: { failed: 1, errored: 1, skipped: 2 },
    says: ["Test with 'apostrophe' in the test name", "A message with &"],
  },
  "junit/xunit-bom.xml": {
    status: "warning",
    listed: { passed: 2 },
    says: ["announces 171 tests that it does not list"],
  },
  "nothing-ran/junit-mocha-nomatch.xml": nothingRan,
  "nothing-ran/junit-node24-nofiles.xml": nothingRan,
  "nothing-ran/junit-node24-nomatch.xml": nothingRan,
  "nothing-ran/junit-pytest-all-skipped.xml": nothingRan,
  "nothing-ran/junit-pytest-empty.xml": nothingRan,
  "nothing-ran/junit-vitest-empty.xml": nothingRan,
  "nothing-ran/junit-vitest-filtered-out.xml": nothingRan,
};

/** Every report that is known, by its path. */
export const knownReports: ReadonlySet<string> = new Set(Object.keys(all));

/** The reports that are here. */
export const reports = Object.entries(all).filter(
  ([path]) => isSharedPresent || existsSync(`${FIXTURES}/${path}`),
);

/** Those from which a verdict comes. */
export const readable = reports.filter(
  (entry): entry is [string, Expected] => "status" in entry[1],
);

/** Those from which none may come. */
export const unreadable = reports.filter(
  (entry): entry is [string, Unreadable] => "throws" in entry[1],
);
