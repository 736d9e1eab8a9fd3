import type { AttestationRule, GateConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { type GateResult, PREDICATE_TYPES, type ReusedFrom } from "../model/records.ts";
import { corroborated } from "./by-exit-status.ts";
import { evaluateGate } from "./evaluate-gate.ts";
import type { Baseline } from "./evidence/baseline.ts";
import type { UsableEvidence } from "./evidence/find-evidence.ts";
import { rejudge } from "./evidence/rejudge.ts";
import { GateError } from "./gate-error.ts";
import type { GateTarget } from "./gate-target.ts";
import type { Judged } from "./judged.ts";
import { comparesWithBaseline } from "./present-reports.ts";
import type { GateContext } from "./run-gate.ts";

/** A verdict that rests on what somebody has signed before, and is shown as that. */
export interface WordedVerdict {
  readonly judged: Judged;
  readonly reused: Required<Pick<GateResult, "evidence" | "reused_from">>;
}

/**
 * Judges a gate by the signed attestation that its `from_attestation` asks for.
 * @throws {GateError} ATTESTATION_MISSING - nothing that is attached counts
 */
export async function judgeByAttestation(
  gate: GateConfig,
  rule: AttestationRule,
  target: GateTarget,
  baseline: Baseline | null,
  context: GateContext,
  signal: AbortSignal,
): Promise<WordedVerdict> {
  const { history } = context;
  if (rule.predicateType === PREDICATE_TYPES.gateResult) {
    const answer = await history.attestedEvidence(gate, rule, { signal });
    if (!answer.found) throw missing(gate, rule, target, answer.why);
    const judged = await rejudge(gate, answer.found, target, baseline, context, signal);
    return worded(judged, reusedFrom(answer.found, baseline), context.clock.now());
  }
  if (rule.predicateType === PREDICATE_TYPES.vulns)
    return await judgeAttestedScans(gate, rule, target, baseline, context, signal);
  const answer = await history.attestedTests(gate, rule, { signal });
  if (!answer.judged) throw missing(gate, rule, target, answer.why);
  return worded(answer.judged, answer.from, context.clock.now());
}

// The gate's plugin judges them, by the gate's settings, as it judges what a command has left.
async function judgeAttestedScans(
  gate: GateConfig,
  rule: AttestationRule,
  target: GateTarget,
  baseline: Baseline | null,
  context: GateContext,
  signal: AbortSignal,
): Promise<WordedVerdict> {
  const found = await context.gates.find(gate.kind);
  if (!found?.provider.readsAttestations?.includes(rule.predicateType))
    throw new GateError(
      "ATTESTATION_UNREADABLE",
      `no plugin for ${gate.kind} judges a ${rule.predicateType}`,
    );
  const answer = await context.history.attestedReports(rule, { signal });
  if (!answer.reports) throw missing(gate, rule, target, answer.why);
  const { provider } = found;
  const input = {
    ran: null,
    reports: answer.reports,
    baseline: comparesWithBaseline(gate, provider) ? (baseline?.subject ?? null) : null,
    secrets: [],
    deadline: context.clock.now().getTime() + gate.timeoutSeconds * 1000,
  };
  const verdict = await evaluateGate(gate, provider, target, input, context, signal);
  const judged: Judged = { ...corroborated(gate, verdict, null), judged_by: "attestation" };
  return worded(judged, answer.from, context.clock.now());
}

/**
 * Judges a gate by evidence that is young enough, again and from its raw report. `null`: there is none that lets the artifact
 * through, and the gate has to run.
 */
export async function judgeByEvidence(
  gate: GateConfig,
  target: GateTarget,
  baseline: Baseline | null,
  context: GateContext,
  signal: AbortSignal,
): Promise<WordedVerdict | null> {
  const say = (why: string): null => {
    context.logger.debug(`gate ${gate.name} is not reused: ${why}`);
    return null;
  };
  try {
    const answer = await context.history.reusableEvidence(gate, { signal });
    if (!answer.found) return say(answer.why.join("; ") || "there is no evidence");
    const { status } = answer.found.statement.result;
    if (status !== "passed" && status !== "warning") return say(`the newest evidence is ${status}`);
    const judged = await rejudge(gate, answer.found, target, baseline, context, signal);
    if (judged.status !== "passed" && judged.status !== "warning")
      return say(`judged again it is ${judged.status}: ${judged.summary}`);
    return worded(judged, reusedFrom(answer.found, baseline), context.clock.now());
  } catch (cause) {
    signal.throwIfAborted();
    // What cannot be reused is run: nothing is let through by that.
    return say(cause instanceof Error ? cause.message : String(cause));
  }
}

function reusedFrom(
  { digest, signedBy, statement }: UsableEvidence,
  baseline: Baseline | null,
): ReusedFrom {
  return {
    digest,
    predicate_type: PREDICATE_TYPES.gateResult,
    judged_at: statement.judged_at,
    signed_by: signedBy,
    baseline: baseline && {
      digest: baseline.subject.digest as Digest,
      evidence: baseline.evidence,
    },
  };
}

// Reuse that nobody sees is what people take for a check that ran.
function worded(judged: Judged, from: ReusedFrom, now: Date): WordedVerdict {
  const age = from.judged_at === null ? "" : `, ${ago(now.getTime() - Date.parse(from.judged_at))}`;
  return {
    judged: {
      ...judged,
      summary: `${judged.summary} (reused: signed by ${from.signed_by}${age})`,
    },
    reused: { evidence: { digest: from.digest }, reused_from: from },
  };
}

function ago(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

function missing(
  gate: GateConfig,
  rule: AttestationRule,
  target: GateTarget,
  why: readonly string[],
): GateError {
  const signers = rule.signers?.map(({ name }) => name).join(", ") ?? "who may promote here";
  const seen = why.length === 0 ? "none is attached" : why.slice(0, 5).join("; ");
  return new GateError(
    "ATTESTATION_MISSING",
    `${gate.name} needs a ${rule.predicateType} of ${target.artifact.digest} signed by ${signers}: ${seen}`,
    {
      fix: `Have one of them run floe gate run ${gate.name} ${target.artifact.version} --env ${target.target} --record, or attach one with floe artifact attest.`,
    },
  );
}
