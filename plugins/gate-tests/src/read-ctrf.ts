import { type ReportContent, ReportProblem } from "@floe/gate-kit";
import { type PlainCase, reportOf } from "./json-case.ts";
import type { CaseStatus, JunitReport } from "./junit-report.ts";
import { countOf, type Fields, isFields, listOf, textOf, textsOf } from "./read-fields.ts";

const STATUS: Readonly<Record<string, CaseStatus>> = {
  passed: "passed",
  failed: "failed",
  skipped: "skipped",
  pending: "skipped",
  // jest's todo; other reporters have nothing else to say either.
  other: "todo",
};

/** Whether a value is a report of the Common Test Report Format. */
export function isCtrf(content: ReportContent): boolean {
  if (!content.start.startsWith("{")) return false;
  const value = tried(content);
  return isFields(value) && isFields(value["results"]) && "tests" in value["results"];
}

/**
 * Reads CTRF (ctrf.io, 1.0). The tests count, the summary only where it speaks of failures that no test explains.
 *
 * @throws {ReportProblem} for what is damaged.
 */
export function readCtrf(content: ReportContent): JunitReport {
  const { path } = content;
  const value = content.json();
  const results = isFields(value) ? value["results"] : undefined;
  if (!isFields(results)) throw new ReportProblem(path, undefined, "it has no results");
  const cases = listOf(path, results["tests"], "results.tests").map((test, index): PlainCase => {
    const where = `results.tests[${index}]`;
    const word = textOf(path, test["status"], `${where}.status`);
    const status = Object.hasOwn(STATUS, word) ? STATUS[word] : undefined;
    if (!status)
      throw new ReportProblem(
        path,
        undefined,
        `${where}.status is ${JSON.stringify(word.slice(0, 40))}`,
      );
    return {
      name: textOf(path, test["name"], `${where}.name`),
      suites: suitesOf(test["suite"]),
      file: typeof test["filePath"] === "string" ? test["filePath"] : "",
      status: status === "passed" && isFlaky(test) ? "flaky" : status,
      message: typeof test["message"] === "string" ? test["message"] : "",
      seconds: countOf(test["duration"]) / 1000,
    };
  });
  const summary = isFields(results["summary"]) ? results["summary"] : {};
  const failed = cases.filter((one) => one.status === "failed").length;
  return reportOf(path, cases, Math.max(0, countOf(summary["failed"]) - failed));
}

function isFlaky(test: Fields): boolean {
  return test["flaky"] === true;
}

function suitesOf(suite: unknown): string[] {
  return typeof suite === "string" && suite !== "" ? [suite] : textsOf(suite);
}

function tried(content: ReportContent): unknown {
  try {
    return content.json();
  } catch {
    return undefined;
  }
}
