import type { GateProvider } from "../contract/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import { GateError } from "./gate-error.ts";
import type { CommandResult } from "./run-command.ts";

/** Whether a gate, with the settings that it has, compares with what was found before. */
export function comparesWithBaseline(gate: GateConfig, provider: GateProvider): boolean {
  const { usesBaseline = false } = provider;
  return typeof usesBaseline === "function" ? usesBaseline(gate.settings) : usesBaseline;
}

/**
 * Whether what a gate's command prints is for its plugin alone: it is the report, or the plugin takes secrets out of reports, and
 * the same command prints them as well.
 */
export function hidesOutput(gate: GateConfig, provider: GateProvider): boolean {
  return provider.redactReport !== undefined || isOutputReport(gate, provider);
}

function isOutputReport(gate: GateConfig, provider: GateProvider): boolean {
  return provider.readsOutput === true && gate.reports.length === 0;
}

/**
 * Makes of what a command left what its plugin is given and what may be kept: the output as a report, where the plugin
 * reads it; and reports without what the plugin takes out of them.
 * @throws {GateError} OUTPUT_TRUNCATED, REPORT_UNREADABLE - the report is not whole, or cannot be made fit to keep
 */
export function presentReports(
  gate: GateConfig,
  provider: GateProvider,
  left: CommandResult,
): CommandResult {
  const { run, reports } = left;
  if (!isOutputReport(gate, provider)) {
    const kept = hidesOutput(gate, provider) ? { ...run, stdout: "" } : run;
    return { ...left, run: kept, reports: reports.map((report) => redacted(provider, report)) };
  }
  if (run.truncated) {
    throw new GateError(
      "OUTPUT_TRUNCATED",
      "the output is too large to be the report: write the report into ${FLOE_GATE_DIR} and list the file under reports",
    );
  }
  const report = {
    path: "stdout",
    format: "auto",
    bytes: Uint8Array.from(Buffer.from(run.stdout)),
    modifiedAt: new Date(run.startedAt.getTime() + run.durationMs),
  };
  // The report is kept as one, and not a second time as output, from which nothing was taken out.
  return { ...left, run: { ...run, stdout: "" }, reports: [redacted(provider, report)] };
}

function redacted(
  provider: GateProvider,
  report: CommandResult["reports"][number],
): CommandResult["reports"][number] {
  if (provider.redactReport === undefined) return report;
  try {
    return { ...report, bytes: provider.redactReport(report) };
  } catch (cause) {
    throw new GateError(
      "REPORT_UNREADABLE",
      `${report.path} cannot be made fit to keep: ${cause instanceof Error ? cause.message : "the plugin threw"}`,
    );
  }
}
