import { cleanText } from "./clean-text.ts";

/**
 * A report from which no verdict can be read. Thrown, because a gate that cannot judge must not return a verdict;
 * floe makes it the status `error`, which blocks.
 */
export class ReportProblem extends Error {
  override readonly name = "ReportProblem";

  /** `line` counts from 1; without it the problem is the file as a whole. */
  constructor(path: string, line: number | undefined, what: string, cause?: unknown) {
    const name = cleanText(path);
    const place = line === undefined ? name : `${name} line ${line}`;
    super(`cannot read ${place}: ${what}`, cause === undefined ? undefined : { cause });
  }
}
