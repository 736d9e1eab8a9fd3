import { firstLine } from "@floe/gate-kit";
import type { CaseStatus, JunitCase, JunitReport } from "./junit-report.ts";

/** What a report that is no JUnit says of one test. */
export interface PlainCase {
  readonly name: string;
  /** Groups around it, outermost first. */
  readonly suites?: readonly string[];
  readonly file?: string;
  readonly status: CaseStatus;
  readonly message?: string;
  readonly seconds?: number;
  /** Where it stands in the report, from 1. Default 1. */
  readonly reportLine?: number;
}

/** Puts the tests of a report into the form in which all formats are counted. */
export function reportOf(
  path: string,
  cases: readonly PlainCase[],
  unexplainedFailures = 0,
): JunitReport {
  return {
    path,
    cases: cases.map((one) => caseOf(path, one)),
    // Attempts are merged by then: tests of one name are different tests.
    repeated: new Map(),
    announced: null,
    missing: 0,
    unexplainedFailures,
    sanitised: 0,
  };
}

function caseOf(report: string, plain: PlainCase): JunitCase {
  const { name, suites = [], file = "", status, message = "", seconds = 0 } = plain;
  return {
    ...{ report, name, suites, file, status, line: "" },
    className: suites.join(" > "),
    message: message === "" ? "" : firstLine(message.trim().slice(0, 4000)),
    reportLine: plain.reportLine ?? 1,
    seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : 0,
    isEmptyFile: false,
  };
}
