import type { GateRun, GateScan } from "../../contract/index.ts";
import type { GateConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import type { GateResult, RecordedPart, RecordedRun } from "../../model/records.ts";
import type { Judged } from "../judged.ts";
import { maskValues } from "../mask-values.ts";
import type { PlatformTarget } from "../platform-targets.ts";
import type { CommandResult } from "../run-command.ts";
import { type Baseline, platformFolder } from "./baseline.ts";
import { type PackedReports, packReports } from "./report-pack.ts";

/** Characters of the command's output that evidence keeps, from the end of each stream. */
const KEPT_OUTPUT = 4000;

/** How one platform was judged, or the artifact as a whole. */
export interface MeasuredPart extends PlatformTarget {
  readonly judged: Judged;
  readonly left: CommandResult | null;
  /** What scanners found. */
  readonly scans: readonly GateScan[];
}

/** What a scanner found, when, and on which platform; `null`: the artifact as a whole. */
export interface MeasuredScan extends GateScan {
  readonly platform: string | null;
  readonly started: Date;
  readonly finished: Date;
}

/** What a gate's verdict rests on, ready to be signed: secrets are masked in it, and it has a bounded size. */
export interface GateMaterial extends PackedReports {
  readonly gate: string;
  readonly configDigest: Digest;
  readonly judgedAt: Date;
  /** The verdict by the gate alone: whatever is exempted is exempted where it counts. */
  readonly judgement: GateResult;
  readonly runs: readonly RecordedPart[];
  readonly scans: readonly MeasuredScan[];
  /** What it was compared with. */
  readonly baseline: { readonly digest: Digest; readonly evidence: Digest } | null;
}

/**
 * Makes what is kept of a gate's run. `null` where it left no report, and there is nothing to judge again by; unless it is
 * `always` wanted, because somebody's word about the gate is.
 */
export async function gateMaterial(
  gate: GateConfig,
  found: {
    readonly parts: readonly MeasuredPart[];
    readonly baseline: Baseline | null;
    readonly judgement: GateResult;
  },
  secrets: readonly string[],
  judgedAt: Date,
  always: boolean,
): Promise<GateMaterial | null> {
  const { parts, baseline, judgement } = found;
  const collected = parts.flatMap(({ platform, left }) =>
    (left?.reports ?? []).map((report) => ({
      ...report,
      path: maskValues((platform === null ? "" : platformFolder(platform)) + report.path, secrets),
    })),
  );
  if (parts.length === 0 || (collected.length === 0 && !always)) return null;
  const { reports, pack } = await packReports(collected);
  return {
    gate: gate.name,
    configDigest: gate.configDigest,
    judgedAt,
    judgement,
    runs: parts.map(({ platform, target, left }) => ({
      platform,
      digest: target.artifact.digest as Digest,
      run: left && maskValues(recordedRun(left.run), secrets),
      output: left && maskValues(left.output, secrets),
    })),
    reports,
    pack,
    scans: parts.flatMap((part) => measuredScans(part, secrets)),
    baseline: baseline && {
      digest: baseline.subject.digest as Digest,
      evidence: baseline.evidence,
    },
  };
}

// Without a command nobody knows when the scanner ran, and a statement about a scan has to say it.
function measuredScans(
  { platform, left, scans }: MeasuredPart,
  secrets: readonly string[],
): MeasuredScan[] {
  if (!left) return [];
  const { startedAt: started, durationMs } = left.run;
  const finished = new Date(started.getTime() + durationMs);
  return maskValues(scans, secrets).map((scan) => ({ ...scan, platform, started, finished }));
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
