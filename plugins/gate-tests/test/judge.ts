import type { GateReport, GateRun, GateVerdict } from "@floe/core/plugin";
import { fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import { TestsConfig } from "../src/config.ts";
import { evaluateTests } from "../src/evaluate-tests.ts";

/** What {@link judge} can be given besides the reports. */
export interface Circumstances {
  readonly config?: Record<string, unknown>;
  readonly run?: Partial<GateRun> | null;
}

/** Judges reports, given as content or as files, of a command that ended with exit status 0. */
export async function judge(
  reports: readonly (string | Uint8Array | GateReport)[],
  { config = {}, run = {} }: Circumstances = {},
): Promise<GateVerdict> {
  const files = reports.map((report, index) =>
    typeof report === "string" || report instanceof Uint8Array
      ? fakeReport(`junit-${index + 1}.xml`, report)
      : report,
  );
  const subject = fakeSubject({ run: run === null ? null : fakeRun(run), reports: files });
  return evaluateTests(subject, TestsConfig.parse(config), {
    signal: new AbortController().signal,
  });
}

/** A report with one suite of the given content. */
export function suite(content: string, attributes = 'name="suite"'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite ${attributes}>${content}</testsuite></testsuites>\n`;
}

/** A case that passes, or holds the given elements. */
export function testcase(name: string, content = "", attributes = 'classname="c"'): string {
  return `<testcase name="${name}" ${attributes}>${content}</testcase>`;
}
