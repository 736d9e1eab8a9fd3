import type { GateConfig } from "../../manifest/manifest.ts";
import { byExitStatus, corroborated } from "../by-exit-status.ts";
import { evaluateGate } from "../evaluate-gate.ts";
import { GateError } from "../gate-error.ts";
import { worsened } from "../gate-output.ts";
import type { GateTarget } from "../gate-target.ts";
import type { Judged } from "../judged.ts";
import { comparesWithBaseline } from "../present-reports.ts";
import { refuseUnjudgeable } from "../run-command.ts";
import type { GateContext } from "../run-gate.ts";
import type { Baseline } from "./baseline.ts";
import type { UsableEvidence } from "./find-evidence.ts";
import { gateRunOf } from "./gate-run-of.ts";

/**
 * Judges evidence again, by the gate's plugin and settings of now and the raw reports of then. Its command does not run.
 * @throws {GateError} no verdict can be had from it
 */
export async function rejudge(
  gate: GateConfig,
  { statement, reports }: UsableEvidence,
  target: GateTarget,
  baseline: Baseline | null,
  context: Pick<GateContext, "gates" | "runner" | "clock" | "logger">,
  signal: AbortSignal,
): Promise<Judged> {
  const { run } = statement;
  if (gate.command && !run)
    throw new GateError("EVIDENCE_INCOMPLETE", "it does not say how the command ended");
  const ran = run && { run: gateRunOf(run), reports, output: statement.output };
  if (ran) refuseUnjudgeable(gate, ran.run);
  if (gate.reports.length > 0 && reports.length === 0)
    throw new GateError("EVIDENCE_INCOMPLETE", "it keeps no report");
  const found = await context.gates.find(gate.kind);
  if (!found) return worsened(byExitStatus(gate, ran), statement.output);
  const input = {
    ran,
    baseline: comparesWithBaseline(gate, found.provider) ? (baseline?.subject ?? null) : null,
    secrets: [],
    deadline: context.clock.now().getTime() + gate.timeoutSeconds * 1000,
  };
  const verdict = await evaluateGate(gate, found.provider, target, input, context, signal);
  return worsened(corroborated(gate, verdict, ran), statement.output);
}
