import type { GateScan } from "../contract/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import type { GateWorkspace } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { byExitStatus, corroborated } from "./by-exit-status.ts";
import { evaluateGate } from "./evaluate-gate.ts";
import type { Baseline } from "./evidence/baseline.ts";
import { gateEnvironment } from "./gate-environment.ts";
import { GateError } from "./gate-error.ts";
import { worsened } from "./gate-output.ts";
import type { GateTarget } from "./gate-target.ts";
import type { Judged } from "./judged.ts";
import type { PlaceholderValues } from "./placeholders.ts";
import { comparesWithBaseline, hidesOutput, presentReports } from "./present-reports.ts";
import { type CommandResult, runGateCommand } from "./run-command.ts";

/** One attempt at judging a gate. */
export interface Attempt {
  readonly signal: AbortSignal;
  readonly limit: AbortSignal;
  readonly deadline: number;
  readonly attempt: number;
  readonly baseline: Baseline | null;
  /** Filled while the gate runs; masked in everything that leaves it. */
  readonly secrets: string[];
  /** Told what the command left, as soon as it has: also where no verdict comes of it. */
  readonly onMaterial: (ran: CommandResult) => void;
  /** Told what scanners found, which is no part of the result. */
  readonly onScans: (scans: readonly GateScan[]) => void;
}

type Context = Pick<
  FloeContext,
  "gates" | "runner" | "readSecret" | "clock" | "logger" | "telemetry"
>;

/**
 * Judges a gate once: its command, then its plugin.
 * @throws {GateError} no verdict could be had
 */
export async function judge(
  gate: GateConfig,
  target: GateTarget,
  context: Context,
  attempt: Attempt,
): Promise<Judged> {
  if (gate.unsupported.length > 0) {
    throw new GateError(
      "REQUIREMENT_UNSUPPORTED",
      `this version of floe cannot honour ${gate.unsupported.join(", ")} of gate ${gate.name}`,
    );
  }
  const found = await context.gates.find(gate.kind);
  if (!gate.command && (!found || found.provider.needsCommand === true)) {
    const key = `artifacts.promotion.gate_commands.${gate.name}.command`;
    throw new GateError("COMMAND_MISSING", `it has no command: set ${key}`);
  }
  await using workspace = await context.runner.openWorkspace();
  const { signal } = attempt;
  const placeholders: PlaceholderValues = {
    ARTIFACT_REF: target.artifact.reference,
    ARTIFACT_DIGEST: target.artifact.digest,
    ARTIFACT_TAG: target.artifact.version,
    SOURCE_ENV: target.source,
    TARGET_ENV: target.target,
    FLOE_GATE_DIR: workspace.dir,
    BASELINE_REPORT: await writeBaseline(workspace, attempt.baseline),
  };
  let ran: CommandResult | null = null;
  if (gate.command) {
    const env = await gateEnvironment(gate, target, placeholders, context, attempt);
    ran = await runGateCommand(gate, {
      runner: context.runner,
      workspace,
      placeholders,
      env,
      secrets: attempt.secrets,
      timeoutMs: Math.max(1, attempt.deadline - context.clock.now().getTime()),
      logger: context.logger,
      hidesOutput: found !== null && hidesOutput(gate, found.provider),
      // The runner ends the command at its own limit; only the user's abort reaches it from here.
      signal,
    });
    if (found) ran = presentReports(gate, found.provider, ran);
    attempt.onMaterial(ran);
  }
  const output = ran?.output ?? null;
  if (!found) return worsened(byExitStatus(gate, ran), output);
  const { secrets, deadline } = attempt;
  // A command may read it although the gate does not compare.
  const baseline = comparesWithBaseline(gate, found.provider) ? attempt.baseline : null;
  const verdict = await evaluateGate(
    gate,
    found.provider,
    target,
    { ran, baseline: baseline?.subject ?? null, secrets, deadline },
    context,
    AbortSignal.any([signal, attempt.limit]),
  );
  const judged = worsened(corroborated(gate, verdict, ran), output);
  attempt.onScans(verdict.scans ?? []);
  return judged;
}

/** So much older than this run is the report that it is compared with, whatever the clocks say. */
const OLD_MS = 24 * 3600 * 1000;

// The first one; empty where there is none.
async function writeBaseline(workspace: GateWorkspace, baseline: Baseline | null): Promise<string> {
  const [report] = baseline?.subject.reports ?? [];
  if (!baseline || !report) return "";
  const [extension = ""] = /\.[A-Za-z0-9]{1,16}$/.exec(report.path) ?? [];
  const long = new Date(baseline.subject.judgedAt.getTime() - OLD_MS);
  return await workspace.write(`baseline${extension}`, report.bytes, long);
}
