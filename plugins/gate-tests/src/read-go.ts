import { jsonLines, linesOf, type ReportContent, ReportProblem } from "@floe/gate-kit";
import { type PlainCase, reportOf } from "./json-case.ts";
import type { CaseStatus, JunitReport } from "./junit-report.ts";
import { countOf, isFields } from "./read-fields.ts";

const ENDS: Readonly<Record<string, CaseStatus>> = {
  pass: "passed",
  fail: "failed",
  skip: "skipped",
};

const MAX_OUTPUT = 4000;

/** Whether a text is what `go test -json` (`go tool test2json`) writes. */
export function isGo(content: ReportContent): boolean {
  if (content.start.startsWith("<")) return false;
  for (const line of linesOf(content.text()))
    if (/^\s*\{/.test(line))
      return /"Action":/.test(line) && /"(?:Package|ImportPath)":/.test(line);
  return false;
}

interface Run {
  readonly pkg: string;
  readonly name: string;
  readonly line: number;
  output: string;
  status: CaseStatus | null;
  seconds: number;
}

/**
 * Reads the event stream of `go test -json`. Leaves count: a test with subtests has their result. What was begun and has not
 * ended has crashed, and a package that failed without a failed test could not be built or run.
 *
 * @throws {ReportProblem} for a line that is cut off, and a package that has not ended.
 */
export function readGo(content: ReportContent): JunitReport {
  const { path } = content;
  const runs: Run[] = [];
  const open = new Map<string, Run>();
  const packages = new Map<string, { line: number; ended: string | null; output: string }>();
  // What a program prints besides stands between the events.
  for (const { line, value } of jsonLines(path, content.text())) {
    const event = isFields(value) ? value : {};
    const { Action: action, Package: pkg, Test: name, Output: output } = event;
    if (typeof action !== "string" || typeof pkg !== "string") continue;
    const known = packages.get(pkg) ?? { line, ended: null, output: "" };
    packages.set(pkg, known);
    if (typeof name !== "string") {
      if (action === "output" && typeof output === "string" && known.output.length < MAX_OUTPUT)
        known.output += output;
      if (action in ENDS) known.ended = action;
      continue;
    }
    const key = JSON.stringify([pkg, name]);
    let run = open.get(key);
    if (!run) {
      run = { pkg, name, line, output: "", status: null, seconds: 0 };
      open.set(key, run);
      runs.push(run);
    }
    if (action === "output" && typeof output === "string" && run.output.length < MAX_OUTPUT)
      run.output += output;
    const status = Object.hasOwn(ENDS, action) ? ENDS[action] : undefined;
    if (!status) continue;
    run.status = status;
    run.seconds = countOf(event["Elapsed"]);
    open.delete(key);
  }
  for (const [pkg, { line, ended }] of packages)
    if (ended === null)
      throw new ReportProblem(
        path,
        line,
        `the package ${pkg} has not ended: the report is cut off`,
      );
  return reportOf(path, casesOf(runs, packages));
}

function casesOf(
  runs: readonly Run[],
  packages: ReadonlyMap<string, { readonly ended: string | null; readonly output: string }>,
): PlainCase[] {
  const parents = new Set(
    runs.flatMap(({ pkg, name }) => namesAbove(name).map((above) => JSON.stringify([pkg, above]))),
  );
  const failed = new Set(
    runs.filter(({ status }) => status !== "passed" && status !== "skipped").map(({ pkg }) => pkg),
  );
  const cases = runs
    .filter(({ pkg, name }) => !parents.has(JSON.stringify([pkg, name])))
    .map(({ pkg, name, line, output, status, seconds }): PlainCase => {
      const message =
        status === "failed" ? saidIn(output) : "it has not ended: the program crashed";
      return {
        ...{ name, seconds, reportLine: line },
        suites: [pkg],
        status: status ?? "errored",
        message: status === "failed" || status === null ? message : "",
      };
    });
  // A parent may fail by itself, after its subtests.
  const explained = new Set(
    runs
      .filter(({ status }) => status === "failed" || status === null)
      .flatMap(({ pkg, name }) => namesAbove(name).map((above) => JSON.stringify([pkg, above]))),
  );
  for (const { pkg, name, line, status, output } of runs) {
    const key = JSON.stringify([pkg, name]);
    if (status !== "failed" || !parents.has(key) || explained.has(key)) continue;
    cases.push({
      name,
      suites: [pkg],
      status: "failed",
      message: saidIn(output),
      reportLine: line,
    });
  }
  for (const [pkg, { ended, output }] of packages)
    if (ended === "fail" && !failed.has(pkg))
      cases.push({
        name: pkg,
        status: "errored",
        message: saidIn(output) || "it could not be built or run",
      });
  return cases;
}

/** Names of the tests of which a test is a subtest. */
function namesAbove(name: string): string[] {
  return [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index));
}

// Frames (`=== RUN`, `--- FAIL`) say nothing of the reason.
function saidIn(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  return (
    lines.find((line) => line !== "" && !/^(?:===|---|FAIL|ok\b|exit status)/.test(line)) ?? ""
  );
}
