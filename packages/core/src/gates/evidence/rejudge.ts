import type { GateReport } from "../../contract/index.ts";
import type { GateConfig } from "../../manifest/manifest.ts";
import { byExitStatus, corroborated } from "../by-exit-status.ts";
import { evaluateGate } from "../evaluate-gate.ts";
import { GateError } from "../gate-error.ts";
import { worsened } from "../gate-output.ts";
import type { GateTarget } from "../gate-target.ts";
import type { Judged } from "../judged.ts";
import { platformTargets } from "../platform-targets.ts";
import { comparesWithBaseline } from "../present-reports.ts";
import { refuseUnjudgeable } from "../run-command.ts";
import type { GateContext } from "../run-gate.ts";
import { type PlatformVerdict, worstVerdict } from "../worst-verdict.ts";
import { type Baseline, baselineOn, platformFolder } from "./baseline.ts";
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
  // Which platforms there are is said by the index that is judged, not by who has signed the evidence.
  const parts = await platformTargets(gate, target, { signal });
  const verdicts: PlatformVerdict[] = [];
  for (const part of parts) {
    const run = statement.runs.find(
      ({ platform, digest }) =>
        platform === part.platform && digest === part.target.artifact.digest,
    );
    if (!run)
      throw new GateError(
        "EVIDENCE_INCOMPLETE",
        `it says nothing of ${part.platform ?? "the whole"}`,
      );
    const folder = part.platform === null ? "" : platformFolder(part.platform);
    const own = reports
      .filter(({ path }) => path.startsWith(folder))
      .map((report) => ({ ...report, path: report.path.slice(folder.length) }));
    const compared = baseline && baselineOn(baseline, part.platform);
    const judged = await rejudgePart(gate, run, own, part.target, compared, context, signal);
    verdicts.push({ platform: part.platform, judged });
  }
  return worstVerdict(verdicts);
}

async function rejudgePart(
  gate: GateConfig,
  { run, output }: UsableEvidence["statement"]["runs"][number],
  reports: readonly GateReport[],
  target: GateTarget,
  baseline: Baseline | null,
  context: Pick<GateContext, "gates" | "runner" | "clock" | "logger">,
  signal: AbortSignal,
): Promise<Judged> {
  if (gate.command && !run)
    throw new GateError("EVIDENCE_INCOMPLETE", "it does not say how the command ended");
  const ran = run && { run: gateRunOf(run), reports, output: output };
  if (ran) refuseUnjudgeable(gate, ran.run);
  if (gate.reports.length > 0 && reports.length === 0)
    throw new GateError("EVIDENCE_INCOMPLETE", "it keeps no report");
  const found = await context.gates.find(gate.kind);
  if (!found) return worsened(byExitStatus(gate, ran), output);
  const input = {
    ran,
    baseline: comparesWithBaseline(gate, found.provider) ? (baseline?.subject ?? null) : null,
    secrets: [],
    deadline: context.clock.now().getTime() + gate.timeoutSeconds * 1000,
  };
  const verdict = await evaluateGate(gate, found.provider, target, input, context, signal);
  return worsened(corroborated(gate, verdict, ran), output);
}
