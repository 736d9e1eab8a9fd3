import { EXIT, type ExitCode, exitCodeOf, type FloeErrorCode } from "../errors/index.ts";
import type { OverrideKind } from "../manifest/override-kind.ts";

/** One reason why something is refused: what it is, and what to do about it. */
export interface Reason {
  readonly code: FloeErrorCode;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint: string | null;
  /** The kind of override that lets it pass, where the environment allows somebody that: `freeze`, `gate:tests`, … */
  readonly override?: OverrideKind;
  /** When it is over by itself. */
  readonly until?: Date;
}

/** Makes a reason; its exit code is the catalogue's. */
export function reason(
  code: FloeErrorCode,
  message: string,
  hint?: string,
  more: Pick<Reason, "override" | "until"> = {},
): Reason {
  return { code, exitCode: exitCodeOf(code), message, hint: hint ?? null, ...more };
}

/** The exit code of a list of reasons: that of the first, in the order in which checks are made. */
export function exitCodeOfReasons(reasons: readonly Reason[]): ExitCode {
  return reasons[0]?.exitCode ?? EXIT.ok;
}
