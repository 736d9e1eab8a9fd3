import { EXIT, type ExitCode, exitCodeOf, type FloeErrorCode } from "../errors/index.ts";

/** One reason why something is refused: what it is, and what to do about it. */
export interface Reason {
  readonly code: FloeErrorCode;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint: string | null;
}

/** Makes a reason; its exit code is the catalogue's. */
export function reason(code: FloeErrorCode, message: string, hint?: string): Reason {
  return { code, exitCode: exitCodeOf(code), message, hint: hint ?? null };
}

/** The exit code of a list of reasons: that of the first, in the order in which checks are made. */
export function exitCodeOfReasons(reasons: readonly Reason[]): ExitCode {
  return reasons[0]?.exitCode ?? EXIT.ok;
}
