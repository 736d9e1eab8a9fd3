import type { GateReport, GateRun } from "../contract/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import type { CommandRunner, GateWorkspace, Logger } from "../ports/index.ts";
import { GateError } from "./gate-error.ts";
import { type GateOutput, MAX_OUTPUT_BYTES, OUTPUT_FILE, parseGateOutput } from "./gate-output.ts";
import { fillPlaceholders, type PlaceholderValues } from "./placeholders.ts";

/** A command that ended by itself, with what it left. */
export interface CommandResult {
  readonly run: GateRun;
  readonly reports: readonly GateReport[];
  /** What it said of itself; `null`: nothing. */
  readonly output: GateOutput | null;
}

/**
 * Runs a gate's command in its workspace and collects its reports. Everything that makes a verdict impossible throws.
 * @throws {GateError} not started, killed, timed out, no report, stale report
 */
export async function runGateCommand(
  gate: GateConfig,
  input: {
    readonly runner: CommandRunner;
    readonly workspace: GateWorkspace;
    readonly placeholders: PlaceholderValues;
    readonly env: Readonly<Record<string, string>>;
    readonly secrets: readonly string[];
    readonly timeoutMs: number;
    readonly logger: Logger;
    /** The standard output may show what nobody should see, such as the secrets that a scanner found: it is neither logged nor quoted. */
    readonly hidesOutput: boolean;
    readonly signal: AbortSignal;
  },
): Promise<CommandResult> {
  const { command } = gate;
  if (!command) throw new GateError("COMMAND_MISSING", "it has no command");
  const { signal, secrets } = input;
  // In a shell script a placeholder would be parsed as code; there the values come only as environment variables.
  const argv = command.shell
    ? command.argv
    : (command.argv.map((word) => fillPlaceholders(word, input.placeholders)) as [
        string,
        ...string[],
      ]);
  const run = await input.runner.run(
    {
      argv,
      shell: command.shell,
      cwd: gate.cwd,
      env: input.env,
      passEnv: gate.passEnv,
      secrets,
      timeoutMs: input.timeoutMs,
      onOutput: ({ stream, text }) => {
        input.logger.gateOutput?.(gate.name, text);
        if (stream === "stdout" && input.hidesOutput) return;
        input.logger.debug(`${gate.name} ${stream}: ${text}`);
      },
    },
    { signal },
  );
  const shown = input.hidesOutput ? { ...run, stdout: "" } : run;
  refuseUnjudgeable(gate, shown);
  const said = await input.workspace.read(OUTPUT_FILE, {
    signal,
    secrets,
    maxBytes: MAX_OUTPUT_BYTES,
  });
  const output = said && said.byteLength > 0 ? parseGateOutput(said) : null;
  if (gate.reports.length === 0) return { run, reports: [], output };
  const patterns = gate.reports.map(({ path, format }) => ({
    path: fillPlaceholders(path, input.placeholders),
    format,
  }));
  // One pattern after the other: a missing report must not go unseen beside one that is there.
  const reports = new Map<string, GateReport>();
  for (const pattern of patterns) {
    const collected = await input.workspace.collect([pattern], {
      signal,
      cwd: gate.cwd,
      since: run.startedAt,
      secrets,
    });
    if (collected.reports.length === 0) throw missingReport(pattern.path, shown, collected);
    for (const report of collected.reports) reports.set(report.path, report);
  }
  return { run, reports: [...reports.values()], output };
}

/**
 * Refuses how a command ended when nothing can be said of the artifact by it.
 * @throws {GateError} not started, killed, timed out, or a status that means an error
 */
export function refuseUnjudgeable(gate: GateConfig, run: GateRun): void {
  const program = run.argv[0] ?? "the command";
  if (run.startError !== undefined)
    throw new GateError(
      "COMMAND_NOT_STARTED",
      `${program} could not be started: ${run.startError}`,
    );
  if (run.timedOut)
    throw new GateError(
      "TIMEOUT",
      `${program} was still running after ${gate.timeoutSeconds} s and was ended`,
    );
  if (run.signal !== null)
    throw new GateError("COMMAND_KILLED", `${program} was ended by ${run.signal}`);
  if (run.exitCode === 126 || run.exitCode === 127) {
    throw new GateError(
      "COMMAND_NOT_STARTED",
      `${program} ended with ${run.exitCode}: it could not be run or was not found${tail(run)}`,
    );
  }
  if (run.exitCode === null || gate.exitCodes.error.includes(run.exitCode)) {
    throw new GateError(
      "COMMAND_ERROR",
      `${program} ended with ${run.exitCode}, which exit_codes.error lists${tail(run)}`,
    );
  }
}

function missingReport(
  wanted: string,
  run: GateRun,
  found: { readonly stale: readonly string[]; readonly nearby: readonly string[] },
): GateError {
  if (found.stale.length > 0) {
    return new GateError(
      "REPORT_STALE",
      `${found.stale.join(", ")} was there before the command started; it wrote no new report${tail(run)}`,
    );
  }
  const nearby =
    found.nearby.length > 0 ? ` Files written: ${found.nearby.slice(0, 5).join(", ")}.` : "";
  return new GateError(
    "REPORT_MISSING",
    `no file matches ${wanted}; the command ended with ${run.exitCode}.${nearby}${tail(run)}`,
  );
}

/** The last lines of a command's output, for messages. */
export function tail(run: GateRun): string {
  const text = (run.stderr.trim() || run.stdout.trim())
    .split("\n")
    .slice(-3)
    .join("\n")
    .slice(-400);
  return text ? `\n${text}` : "";
}
