import { type ReportContent, ReportProblem } from "@floe/gate-kit";
import { type PlainCase, reportOf } from "./json-case.ts";
import type { CaseStatus, JunitReport } from "./junit-report.ts";
import { countOf, type Fields, isFields, listOf, textOf } from "./read-fields.ts";

/** Whether a value is what mocha's json reporter writes. */
export function isMocha(content: ReportContent): boolean {
  if (!content.start.startsWith("{")) return false;
  try {
    const value = content.json();
    return isFields(value) && isFields(value["stats"]) && "passes" in value && "failures" in value;
  } catch {
    return false;
  }
}

/**
 * Reads mocha's JSON: its lists of passes, failures and pending tests. Hooks that failed stand among the failures only.
 *
 * @throws {ReportProblem} for what is damaged.
 */
export function readMocha(content: ReportContent): JunitReport {
  const { path } = content;
  const value = content.json();
  if (!isFields(value) || !isFields(value["stats"]))
    throw new ReportProblem(path, undefined, "it has no stats");
  const cases: PlainCase[] = [];
  const take = (list: string, status: CaseStatus): void => {
    for (const [place, test] of listOf(path, value[list], list).entries())
      cases.push(caseOf(path, test, `${list}[${place}]`, status));
  };
  take("passes", "passed");
  take("failures", "failed");
  take("pending", "skipped");
  const { stats } = value;
  const counted = (status: CaseStatus): number =>
    cases.filter((one) => one.status === status).length;
  const passes = counted("passed") + counted("flaky");
  if (countOf(stats["passes"]) !== passes)
    throw new ReportProblem(
      path,
      undefined,
      `stats.passes is ${countOf(stats["passes"])} and ${passes} are listed: it is not whole`,
    );
  return reportOf(path, cases, Math.max(0, countOf(stats["failures"]) - counted("failed")));
}

function caseOf(path: string, test: Fields, where: string, status: CaseStatus): PlainCase {
  const title = textOf(path, test["title"], `${where}.title`);
  const full = typeof test["fullTitle"] === "string" ? test["fullTitle"] : title;
  const group = full.endsWith(title) ? full.slice(0, -title.length).trim() : "";
  const err = isFields(test["err"]) ? test["err"]["message"] : undefined;
  return {
    name: title,
    suites: group === "" ? [] : [group],
    file: typeof test["file"] === "string" ? test["file"] : "",
    status: status === "passed" && countOf(test["currentRetry"]) > 0 ? "flaky" : status,
    message: typeof err === "string" ? err : "",
    seconds: countOf(test["duration"]) / 1000,
  };
}
