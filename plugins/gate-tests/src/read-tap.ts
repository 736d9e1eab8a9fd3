import { linesOf, type ReportContent, ReportProblem } from "@floe/gate-kit";
import { type PlainCase, reportOf } from "./json-case.ts";
import type { CaseStatus, JunitReport } from "./junit-report.ts";
import { withoutLongDiagnostics } from "./tap-diagnostics.ts";

/** One test line, as far as it is read here. */
interface TapResult {
  readonly ok: boolean;
  readonly name: string;
  readonly skip: boolean | string;
  readonly todo: boolean | string;
  readonly diag: unknown;
  /** It says how the subtest before it came out. */
  readonly closingTestPoint: boolean;
}

interface TapEnd {
  readonly count: number;
  readonly bailout: boolean | string;
  readonly plan: { readonly start: number | null; readonly end: number | null };
}

type TapEvent = readonly [kind: string, value?: unknown];

/** Bytes of a report; its parser cannot be interrupted, and needs many times the time of the others. */
const MAX_BYTES = 32 * 1024 * 1024;

/** How deep subtests may be in one another. */
const MAX_DEPTH = 100;

/** Whether a text is TAP: its first line that is no comment is a version, a plan or a test. */
export function isTap(content: ReportContent): boolean {
  if (/^[<{[]/.test(content.start)) return false;
  for (const line of linesOf(content.text()))
    if (line.trim() !== "" && !/^\s*#/.test(line))
      return /^(?:TAP version \d+|\d+\.\.\d+|(?:not )?ok\b|Bail out!)/.test(line);
  return false;
}

/**
 * Reads TAP 13 and 14 (testanything.org). The leaves count: of a subtest the tests in it, unless it failed by itself. What is
 * `TODO` does not fail. Without a plan, or with another number of tests than planned, the program has died on the way.
 *
 * @throws {ReportProblem} for what is cut off, and where the program bailed out.
 */
export async function readTap(content: ReportContent): Promise<JunitReport> {
  const { path, bytes } = content;
  if (bytes.byteLength > MAX_BYTES)
    throw new ReportProblem(
      path,
      undefined,
      `it has ${bytes.byteLength} bytes, the limit of TAP is ${MAX_BYTES}: write several files, or JUnit XML`,
    );
  const { Parser } = await import("tap-parser");
  const events = Parser.parse(
    withoutLongDiagnostics(content.text()),
  ) as unknown as readonly TapEvent[];
  const cases: PlainCase[] = [];
  collect(path, events, [], cases, 0);
  return reportOf(path, cases);
}

function collect(
  path: string,
  events: readonly TapEvent[],
  suites: readonly string[],
  cases: PlainCase[],
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new ReportProblem(path, undefined, "its subtests are too deep");
  let inner: PlainCase[] | null = null;
  for (const [kind, value] of events) {
    if (kind === "bailout")
      throw new ReportProblem(
        path,
        undefined,
        `the program bailed out: ${String(value).slice(0, 200)}`,
      );
    if (kind === "child") {
      inner = [];
      const name = nameOf(value as readonly TapEvent[]);
      collect(path, value as readonly TapEvent[], [...suites, name], inner, depth + 1);
    } else if (kind === "assert") {
      const result = value as TapResult;
      const status = statusOf(result);
      const own = { name: result.name, suites, status, message: messageOf(result.diag) };
      if (!(result.closingTestPoint && inner)) cases.push(own);
      else {
        const explained = inner.some((one) => one.status === "failed");
        for (const one of inner) cases.push(one);
        if (inner.length === 0 || (status === "failed" && !explained)) cases.push(own);
      }
      if (result.closingTestPoint) inner = null;
    } else if (kind === "complete") checkEnd(path, value as TapEnd, suites);
  }
  // A subtest of which nothing says how it came out.
  for (const one of inner ?? []) cases.push(one);
}

function checkEnd(path: string, { count, bailout, plan }: TapEnd, suites: readonly string[]): void {
  const where = suites.length === 0 ? "" : `the subtest ${JSON.stringify(suites.at(-1))}: `;
  if (bailout !== false)
    throw new ReportProblem(
      path,
      undefined,
      `${where}the program bailed out: ${String(bailout).slice(0, 200)}`,
    );
  if (plan.end === null || plan.start === null)
    throw new ReportProblem(
      path,
      undefined,
      `${where}it has no plan: the program died before its end`,
    );
  const planned = Math.max(0, plan.end - plan.start + 1);
  if (planned !== count)
    throw new ReportProblem(
      path,
      undefined,
      `${where}${planned} tests are planned and ${count} are there: the program died, or the report is cut off`,
    );
}

function statusOf({ ok, skip, todo }: TapResult): CaseStatus {
  if (todo !== false) return "todo";
  if (skip !== false) return "skipped";
  return ok ? "passed" : "failed";
}

function nameOf(events: readonly TapEvent[]): string {
  const comment = events.find(([kind]) => kind === "comment")?.[1];
  return typeof comment === "string" ? comment.replace(/^#\s*Subtest:?\s*/, "").trim() : "";
}

function messageOf(diag: unknown): string {
  if (typeof diag !== "object" || diag === null) return "";
  const { error, message } = diag as { readonly error?: unknown; readonly message?: unknown };
  return typeof error === "string" ? error : typeof message === "string" ? message : "";
}
