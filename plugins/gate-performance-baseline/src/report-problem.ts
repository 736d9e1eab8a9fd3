import { cleanText } from "@floe/gate-kit";

/**
 * A report from which no verdict can be read. Thrown, because a gate that cannot judge must not return a verdict; floe makes
 * it the status `error`, which blocks.
 */
export class ReportProblem extends Error {
  override readonly name = "ReportProblem";

  /** `what` is wrong, in words that name the place in the file where there is one. */
  constructor(path: string, what: string, cause?: unknown) {
    super(`cannot read ${cleanText(path)}: ${what}`, cause === undefined ? undefined : { cause });
  }
}
