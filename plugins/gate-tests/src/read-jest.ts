import { type ReportContent, ReportProblem } from "@floe/gate-kit";
import { type PlainCase, reportOf } from "./json-case.ts";
import type { CaseStatus, JunitReport } from "./junit-report.ts";
import { countOf, type Fields, isFields, listOf, textOf, textsOf } from "./read-fields.ts";

const STATUS: Readonly<Record<string, CaseStatus>> = {
  passed: "passed",
  failed: "failed",
  error: "errored",
  pending: "skipped",
  skipped: "skipped",
  disabled: "skipped",
  todo: "todo",
};

/** Whether a value is what `jest --json` and vitest's json reporter write. */
export function isJest(content: ReportContent): boolean {
  if (!content.start.startsWith("{")) return false;
  try {
    const value = content.json();
    return isFields(value) && "testResults" in value && "numTotalTests" in value;
  } catch {
    return false;
  }
}

/**
 * Reads the JSON of jest and vitest, which have one form. A file that could not be loaded is a test that errored, and a run
 * that says that it failed without any failed test has failed somewhere else.
 *
 * @throws {ReportProblem} for what is damaged.
 */
export function readJest(content: ReportContent): JunitReport {
  const { path } = content;
  const value = content.json();
  if (!isFields(value)) throw new ReportProblem(path, undefined, "it is not an object");
  const cases: PlainCase[] = [];
  for (const [place, file] of listOf(path, value["testResults"], "testResults").entries()) {
    const where = `testResults[${place}]`;
    const name = typeof file["name"] === "string" ? file["name"] : "";
    const tests = listOf(path, file["assertionResults"], `${where}.assertionResults`);
    const own = tests.map((test, index) =>
      caseOf(path, test, `${where}.assertionResults[${index}]`, name),
    );
    // As arguments of one call they would be too many for the stack.
    for (const one of own) cases.push(one);
    const explained = own.some(({ status }) => status === "failed" || status === "errored");
    if (file["status"] === "failed" && !explained)
      cases.push({
        name: name === "" ? "a test file" : name,
        file: name,
        status: "errored",
        message: typeof file["message"] === "string" ? file["message"] : "it could not be run",
      });
  }
  const failed = cases.filter(({ status }) => status === "failed" || status === "errored").length;
  const said = Math.max(
    countOf(value["numFailedTests"]) + countOf(value["numRuntimeErrorTestSuites"]),
    value["success"] === false || value["wasInterrupted"] === true ? 1 : 0,
  );
  return reportOf(path, cases, Math.max(0, said - failed));
}

function caseOf(path: string, test: Fields, where: string, file: string): PlainCase {
  const word = textOf(path, test["status"], `${where}.status`);
  const status = Object.hasOwn(STATUS, word) ? STATUS[word] : undefined;
  if (!status)
    throw new ReportProblem(
      path,
      undefined,
      `${where}.status is ${JSON.stringify(word.slice(0, 40))}`,
    );
  const messages = textsOf(test["failureMessages"]);
  // jest counts attempts; vitest keeps what the failed ones said.
  const repeated = countOf(test["invocations"]) > 1 || messages.length > 0;
  return {
    // What stands for a file that could not be loaded has no title.
    name:
      status === "errored" && test["title"] === undefined
        ? file || "a test file"
        : textOf(path, test["title"] ?? test["fullName"], `${where}.title`),
    suites: textsOf(test["ancestorTitles"]),
    file,
    status: status === "passed" && repeated ? "flaky" : status,
    message: messages[0] ?? "",
    seconds: countOf(test["duration"]) / 1000,
  };
}
