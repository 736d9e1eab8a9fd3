import type { GateRun } from "@floe/core/plugin";

/** Exit status that a shell gives for a program that cannot be executed or found. */
const NOT_RUN = new Set([126, 127]);

/** Why a command gave no result of its own, or `null` when it ended by itself. */
export function whyNotEnded(run: GateRun): string | null {
  if (run.startError !== undefined) return `the command could not be started: ${run.startError}`;
  if (run.timedOut) return "the command did not end within the time limit";
  if (run.signal !== null) return `the command was ended by ${run.signal}`;
  if (run.exitCode === null) return "the command ended without an exit status";
  if (NOT_RUN.has(run.exitCode)) {
    return `the command ended with exit status ${run.exitCode}: a program was not found or may not be executed`;
  }
  return null;
}
