import type { GateRun } from "../../contract/index.ts";
import type { RecordedRun } from "../../model/records.ts";

/** How the command of evidence ended, as a gate gets it. */
export function gateRunOf(run: RecordedRun): GateRun {
  return {
    argv: run.argv,
    exitCode: run.exit_code,
    signal: run.signal,
    timedOut: run.timed_out,
    startedAt: new Date(run.started_at),
    durationMs: run.duration_ms,
    stdout: run.stdout,
    stderr: run.stderr,
    truncated: run.truncated,
    leftoverProcesses: run.leftover_processes,
  };
}
