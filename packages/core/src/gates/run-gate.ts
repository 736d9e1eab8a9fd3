import type { GateScan } from "../contract/index.ts";
import { EXIT, isFloeError } from "../errors/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import type { GateResult } from "../model/records.ts";
import { timeLimit } from "../plugins/time-limit.ts";
import type { FloeContext } from "../promotion/context.ts";
import { inSpan } from "../telemetry/index.ts";
import { applyExemptions } from "./apply-exemptions.ts";
import { type Baseline, baselineOn } from "./evidence/baseline.ts";
import type { GateHistory } from "./evidence/gate-history.ts";
import { type GateMaterial, gateMaterial, type MeasuredPart } from "./evidence/gate-material.ts";
import { GateError } from "./gate-error.ts";
import type { GateTarget } from "./gate-target.ts";
import { gateFacts, noteGate } from "./gate-telemetry.ts";
import { judge } from "./judge.ts";
import { type Judged, unjudged } from "./judged.ts";
import { maskValues } from "./mask-values.ts";
import { type PlatformTarget, platformTargets } from "./platform-targets.ts";
import { comparesWithBaseline } from "./present-reports.ts";
import type { CommandResult } from "./run-command.ts";
import type { WordedVerdict } from "./verdict-by-word.ts";
import { worstVerdict } from "./worst-verdict.ts";

/** What gates are run with. */
export interface GateContext
  extends Pick<FloeContext, "gates" | "runner" | "readSecret" | "clock" | "logger" | "telemetry"> {
  readonly history: GateHistory;
  /** Gates that run although there is evidence that would do. */
  readonly fresh: "all" | readonly string[];
  /** Every gate runs, also one that is otherwise judged by an attestation: it is going to be made. */
  readonly measured?: boolean;
}

/** What running a gate came to. */
export interface GateOutcome {
  readonly result: GateResult;
  /** What the verdict rests on, to be kept as evidence; `null` where there were no reports. */
  readonly material: GateMaterial | null;
}

/**
 * Runs one gate: its command once (again only after an `error`, where `retry` allows), then its plugin. Never throws
 * for what the gate does; an aborted signal rejects.
 */
export async function runGate(
  gate: GateConfig,
  target: GateTarget,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateOutcome> {
  const facts = gateFacts(gate, target);
  return await inSpan(context, `gate ${gate.name}`, facts, async (span) => {
    const outcome = await run(gate, target, context, signal);
    noteGate(outcome.result, target, context, span);
    return outcome;
  });
}

async function run(
  gate: GateConfig,
  target: GateTarget,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateOutcome> {
  const started = context.clock.now().getTime();
  context.logger.progress({ scope: `gate ${gate.name}`, phase: "start", message: "running" });
  using timer = timeLimit(gate.timeoutSeconds * 1000);
  const limit = timer.signal;
  const deadline = started + gate.timeoutSeconds * 1000;
  const secrets: string[] = [];
  const run: Run = { signal, limit, deadline, secrets };
  const heard = await beforehand(gate, target, context, run);
  const parts = "parts" in heard ? heard.parts : [];
  const measured: MeasuredPart[] = [];
  for (const part of parts)
    measured.push({
      ...part,
      ...(await attempts(gate, part.target, heard.baseline, context, run)),
    });
  const { baseline } = heard;
  const judged = "judged" in heard ? heard.judged : worstVerdict(measured);
  const reused = "reused" in heard ? heard.reused : null;
  const found = await context.gates.find(gate.kind).catch(() => null);
  const masked = maskValues(judged, secrets);
  const judgement: GateResult = {
    gate: gate.name,
    kind: gate.kind,
    required: gate.required,
    duration_ms: Math.max(0, context.clock.now().getTime() - started),
    plugin: found?.plugin ?? null,
    ...masked,
    ...reused,
  };
  const { target: environment, artifact, exemptions = [] } = target;
  const scope = { environment, version: artifact.version, now: context.clock.now() };
  // What is measured to be attested is said as it is: an exemption counts where it is asked for, and as long as it holds.
  const result =
    context.measured === true ? judgement : applyExemptions(judgement, exemptions, scope);
  const ok = result.status === "passed" || result.status === "warning";
  context.logger.progress({
    scope: `gate ${gate.name}`,
    phase: ok ? "done" : "failed",
    message: `${result.status}: ${result.summary}`,
  });
  const material = await gateMaterial(
    gate,
    { parts: measured, baseline, judgement },
    ...([secrets, context.clock.now(), context.measured === true] as const),
  );
  return { result, material };
}

/** What holds for a gate's whole run. */
interface Run {
  readonly signal: AbortSignal;
  readonly limit: AbortSignal;
  readonly deadline: number;
  readonly secrets: string[];
}

// What is known before anything runs: a verdict by somebody's word, or that there is none to be had; else what to judge.
async function beforehand(
  gate: GateConfig,
  target: GateTarget,
  context: GateContext,
  { signal, limit }: Run,
): Promise<
  { readonly baseline: Baseline | null } & (
    | { readonly judged: Judged; readonly reused: WordedVerdict["reused"] | null }
    | { readonly parts: readonly PlatformTarget[] }
  )
> {
  const stop = AbortSignal.any([signal, limit]);
  let baseline: Baseline | null = null;
  try {
    baseline = await baselineFor(gate, context, stop);
    const word = await byWord(gate, target, baseline, context, stop);
    if (word) return { baseline, ...word };
    return { baseline, parts: await platformTargets(gate, target, { signal: stop }) };
  } catch (cause) {
    signal.throwIfAborted();
    const why = limit.aborted ? timeoutError(gate, cause) : cause;
    return { baseline, judged: unjudged(why), reused: null };
  }
}

// One platform, or the artifact as a whole: again only after an `error`, where `retry` allows.
async function attempts(
  gate: GateConfig,
  target: GateTarget,
  baseline: Baseline | null,
  context: GateContext,
  { signal, limit, deadline, secrets }: Run,
): Promise<Omit<MeasuredPart, keyof PlatformTarget>> {
  let left: CommandResult | null = null;
  let scans: readonly GateScan[] = [];
  const onMaterial = (ran: CommandResult): void => {
    left = ran;
  };
  const onScans = (found: readonly GateScan[]): void => {
    scans = found;
  };
  const compared = baseline && baselineOn(baseline, target.platform ?? null);
  let judged: Judged = unjudged(new GateError("NOT_RUN", "it did not run"));
  for (let attempt = 1; attempt <= gate.retryAttempts; attempt++) {
    left = null;
    scans = [];
    const told = { onMaterial, onScans };
    try {
      const how = { signal, limit, deadline, attempt, secrets, baseline: compared, ...told };
      judged = await judge(gate, target, context, how);
    } catch (cause) {
      signal.throwIfAborted();
      judged = unjudged(limit.aborted ? timeoutError(gate, cause) : cause);
    }
    if (judged.status !== "error" || limit.aborted || judged.error?.code === "COMMAND_MISSING")
      break;
  }
  return { judged, left, scans };
}

// By what somebody has signed before, where the manifest says that that counts; `null`: the gate has to run.
async function byWord(
  gate: GateConfig,
  target: GateTarget,
  baseline: Baseline | null,
  context: GateContext,
  signal: AbortSignal,
): Promise<WordedVerdict | null> {
  const { fresh, measured = false } = context;
  if (measured || gate.unsupported.length > 0) return null;
  if (gate.fromAttestation) {
    const { judgeByAttestation } = await import("./verdict-by-word.ts");
    return await judgeByAttestation(
      gate,
      gate.fromAttestation,
      target,
      baseline,
      context,
      signal,
    ).catch((cause: unknown) => {
      throw isFloeError(cause)
        ? new GateError("ATTESTATION_UNAVAILABLE", cause.message, { cause })
        : cause;
    });
  }
  if (gate.maxAgeSeconds === null || fresh === "all" || fresh.includes(gate.name)) return null;
  const { judgeByEvidence } = await import("./verdict-by-word.ts");
  return await judgeByEvidence(gate, target, baseline, context, signal);
}

async function baselineFor(
  gate: GateConfig,
  { gates, history }: GateContext,
  signal: AbortSignal,
): Promise<Baseline | null> {
  const found = await gates.find(gate.kind);
  const words = [...(gate.command?.argv ?? []), ...Object.values(gate.env)];
  const isRead = words.some((word) => word.includes("BASELINE_REPORT"));
  if (!isRead && !(found && comparesWithBaseline(gate, found.provider))) return null;
  try {
    return await history.baselineOf(gate, { signal });
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    const code = cause.exitCode === EXIT.integrity ? "BASELINE_INVALID" : "BASELINE_UNAVAILABLE";
    throw new GateError(code, cause.message, { cause });
  }
}

function timeoutError(gate: GateConfig, cause: unknown): GateError {
  if (cause instanceof GateError) return cause;
  return new GateError("TIMEOUT", `it had not decided after ${gate.timeoutSeconds} s`, { cause });
}
