import type { GateRun } from "../../contract/index.ts";
import type { GateConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import type { RecordedRun } from "../../model/records.ts";
import type { GateOutput } from "../gate-output.ts";
import { maskValues } from "../mask-values.ts";
import type { CommandResult } from "../run-command.ts";
import type { Baseline } from "./baseline.ts";
import { type PackedReports, packReports } from "./report-pack.ts";

/** Characters of the command's output that evidence keeps, from the end of each stream. */
const KEPT_OUTPUT = 4000;

/** What a gate's verdict rests on, ready to be signed: secrets are masked in it, and it has a bounded size. */
export interface GateMaterial extends PackedReports {
  readonly gate: string;
  readonly configDigest: Digest;
  readonly judgedAt: Date;
  readonly run: RecordedRun | null;
  /** What the command said of itself. */
  readonly output: GateOutput | null;
  /** What it was compared with. */
  readonly baseline: { readonly digest: Digest; readonly evidence: Digest } | null;
}

/**
 * Makes what is kept of a gate's run. `null` where it left no report, and there is nothing to judge again by; unless it is
 * `always` wanted, because somebody's word about the gate is.
 */
export async function gateMaterial(
  gate: GateConfig,
  left: CommandResult | null,
  baseline: Baseline | null,
  secrets: readonly string[],
  judgedAt: Date,
  always: boolean,
): Promise<GateMaterial | null> {
  const collected = left?.reports ?? [];
  if (collected.length === 0 && !always) return null;
  const { reports, pack } = await packReports(
    collected.map((report) => ({ ...report, path: maskValues(report.path, secrets) })),
  );
  return {
    gate: gate.name,
    configDigest: gate.configDigest,
    judgedAt,
    run: left && maskValues(recordedRun(left.run), secrets),
    output: left && maskValues(left.output, secrets),
    reports,
    pack,
    baseline: baseline && {
      digest: baseline.subject.digest as Digest,
      evidence: baseline.evidence,
    },
  };
}

function recordedRun(run: GateRun): RecordedRun {
  return {
    argv: run.argv,
    exit_code: run.exitCode,
    signal: run.signal,
    timed_out: run.timedOut,
    started_at: run.startedAt.toISOString(),
    duration_ms: Math.round(run.durationMs),
    stdout: run.stdout.slice(-KEPT_OUTPUT),
    stderr: run.stderr.slice(-KEPT_OUTPUT),
    truncated: run.truncated || run.stdout.length > KEPT_OUTPUT || run.stderr.length > KEPT_OUTPUT,
    leftover_processes: run.leftoverProcesses,
  };
}
