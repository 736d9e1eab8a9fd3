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
  /** Its place among the tests of the report: tests of one name are different tests there. */
  readonly index: number;
}

/** Puts the tests of a report into the form in which all formats are counted. Attempts are merged by then. */
export function reportOf(
  path: string,
  cases: readonly PlainCase[],
  unexplainedFailures = 0,
): JunitReport {
  return {
    path,
    cases: cases.map((one) => caseOf(path, one)),
    announced: null,
    missing: 0,
    unexplainedFailures,
    sanitised: 0,
  };
}

function caseOf(path: string, plain: PlainCase): JunitCase {
  const { name, suites = [], file = "", status, message = "", seconds = 0 } = plain;
  return {
    ...{ name, suites, file, status, line: "" },
    className: suites.join(" > "),
    identity: JSON.stringify([path, plain.index]),
    message: firstLine(message.trim().slice(0, 4000)),
    reportLine: plain.reportLine ?? 1,
    seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : 0,
    isEmptyFile: false,
  };
}
