import type {
  Gate,
  GateReason,
  GateSubject,
  GateVerdict,
  PluginServices,
} from "../contract/index.ts";
import type { JsonObject } from "../errors/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import type { GateResult, GateStatus } from "../model/records.ts";
import type { FloeContext } from "../promotion/context.ts";
import { GateError } from "./gate-error.ts";
import type { PlaceholderValues } from "./placeholders.ts";
import { type CommandResult, runGateCommand, tail } from "./run-command.ts";
import { parseVerdict } from "./verdict.ts";

/** What all gates of one evaluation judge. */
export interface GateTarget {
  readonly artifact: GateSubject["artifact"];
  readonly source: string;
  readonly target: string;
  readonly dryRun: boolean;
  readonly traceId: string;
}

type Context = Pick<FloeContext, "gates" | "runner" | "readSecret" | "clock" | "logger">;

/**
 * Runs one gate: its command once (again only after an `error`, where `retry` allows), then its plugin. Never throws
 * for what the gate does; an aborted signal rejects.
 */
export async function runGate(
  gate: GateConfig,
  target: GateTarget,
  context: Context,
  signal: AbortSignal,
): Promise<GateResult> {
  const started = context.clock.now().getTime();
  context.logger.progress({ scope: `gate ${gate.name}`, phase: "start", message: "running" });
  const limit = AbortSignal.timeout(gate.timeoutSeconds * 1000);
  const deadline = started + gate.timeoutSeconds * 1000;
  const secrets: string[] = [];
  let judged: Judged = unjudged(new GateError("NOT_RUN", "it did not run"));
  for (let attempt = 1; attempt <= gate.retryAttempts; attempt++) {
    try {
      judged = await judge(gate, target, context, { signal, limit, deadline, attempt, secrets });
    } catch (cause) {
      signal.throwIfAborted();
      judged = unjudged(limit.aborted ? timeoutError(gate, cause) : cause);
    }
    if (judged.status !== "error" || limit.aborted || judged.error?.code === "COMMAND_MISSING")
      break;
  }
  const found = await context.gates.find(gate.kind).catch(() => null);
  const masked = mask(judged, secrets);
  const result: GateResult = {
    gate: gate.name,
    kind: gate.kind,
    required: gate.required,
    duration_ms: Math.max(0, context.clock.now().getTime() - started),
    plugin: found?.plugin ?? null,
    ...masked,
  };
  const ok = result.status === "passed" || result.status === "warning";
  context.logger.progress({
    scope: `gate ${gate.name}`,
    phase: ok ? "done" : "failed",
    message: `${result.status}: ${result.summary}`,
  });
  return result;
}

type Judged = Pick<
  GateResult,
  "status" | "summary" | "reasons" | "metrics" | "details" | "judged_by"
> & {
  readonly error?: { readonly code: string; readonly message: string };
};

interface Attempt {
  readonly signal: AbortSignal;
  readonly limit: AbortSignal;
  readonly deadline: number;
  readonly attempt: number;
  /** Filled while the gate runs; masked in everything that leaves it. */
  readonly secrets: string[];
}

async function judge(
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
  const signal = AbortSignal.any([attempt.signal, attempt.limit]);
  await using workspace = await context.runner.openWorkspace();
  const placeholders: PlaceholderValues = {
    ARTIFACT_REF: target.artifact.reference,
    ARTIFACT_DIGEST: target.artifact.digest,
    ARTIFACT_TAG: target.artifact.version,
    SOURCE_ENV: target.source,
    TARGET_ENV: target.target,
    FLOE_GATE_DIR: workspace.dir,
    BASELINE_REPORT: "",
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
      // The runner ends the command at its own limit; only the user's abort reaches it from here.
      signal: attempt.signal,
    });
  }
  if (!found) return byExitStatus(gate, ran);
  const settings = await settled(checkedSettings(gate, found.provider.config), signal);
  const services: PluginServices = {
    logger: {
      debug: (message) => context.logger.debug(`${gate.name}: ${message}`),
      info: (message) => context.logger.info(`${gate.name}: ${message}`),
      warn: (message) => context.logger.warn(`${gate.name}: ${message}`),
    },
    runCommand: async (command, options) =>
      await context.runner.run(
        {
          argv: command.argv,
          cwd: command.cwd ?? gate.cwd,
          env: command.env ?? {},
          secrets: attempt.secrets,
          timeoutMs: Math.max(1, attempt.deadline - context.clock.now().getTime()),
        },
        { signal: AbortSignal.any([signal, options.signal]) },
      ),
    now: () => context.clock.now(),
  };
  const subject = freeze({
    ...target,
    // Bytes cannot be frozen, and these are the ones that would be promoted: a gate gets its own.
    artifact: { ...target.artifact, manifest: Uint8Array.from(target.artifact.manifest) },
    gate: gate.name,
    run: ran?.run ?? null,
    reports: ran?.reports ?? [],
  });
  const provider = found.provider;
  const making = Promise.resolve(provider.create(settings, services));
  const instance: Gate = await settled(making, signal);
  try {
    const answer = await settled(Promise.resolve(instance.evaluate(subject, { signal })), signal);
    const parsed = parseVerdict(answer);
    if (!parsed.ok) throw new GateError("VERDICT_INVALID", parsed.reason);
    return corroborated(gate, parsed.verdict, ran);
  } finally {
    await settled(Promise.resolve(instance[Symbol.asyncDispose]?.()), signal);
  }
}

async function checkedSettings(
  gate: GateConfig,
  schema: { readonly "~standard": { validate(value: unknown): unknown } },
): Promise<never> {
  const result = (await schema["~standard"].validate(gate.settings)) as {
    readonly issues?: readonly { readonly message: string }[];
    readonly value?: unknown;
  };
  if (result.issues) {
    throw new GateError("SETTINGS_INVALID", result.issues.map((issue) => issue.message).join("; "));
  }
  // The provider gets back exactly what its own schema returned; only it knows the type.
  return result.value as never;
}

async function gateEnvironment(
  gate: GateConfig,
  target: GateTarget,
  values: PlaceholderValues,
  context: Context,
  attempt: Attempt,
): Promise<Record<string, string>> {
  const secret: Record<string, string> = {};
  for (const [name, ref] of Object.entries(gate.secretEnv)) {
    const value = await context.readSecret(ref);
    secret[name] = value;
    attempt.secrets.push(value);
  }
  return {
    ...gate.env,
    ...secret,
    FLOE_GATE: gate.name,
    FLOE_GATE_DIR: values.FLOE_GATE_DIR,
    FLOE_ARTIFACT_REF: values.ARTIFACT_REF,
    FLOE_ARTIFACT_DIGEST: values.ARTIFACT_DIGEST,
    FLOE_ARTIFACT_TAG: values.ARTIFACT_TAG,
    FLOE_ARTIFACT_MEDIA_TYPE: target.artifact.mediaType,
    FLOE_SOURCE_ENV: values.SOURCE_ENV,
    FLOE_TARGET_ENV: values.TARGET_ENV,
    FLOE_DRY_RUN: target.dryRun ? "true" : "false",
    FLOE_DEADLINE: new Date(attempt.deadline).toISOString(),
    FLOE_TIMEOUT_SECONDS: String(gate.timeoutSeconds),
    FLOE_ATTEMPT: String(attempt.attempt),
    FLOE_TRACE_ID: target.traceId,
  };
}

// A plugin's promise may never settle; the time limit must.
async function settled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function byExitStatus(gate: GateConfig, ran: CommandResult | null): Judged {
  if (!ran) throw new GateError("COMMAND_MISSING", "it has neither a command nor a plugin");
  if (gate.reports.length > 0) {
    throw new GateError(
      "REPORT_UNREADABLE",
      `no plugin reads the reports of ${gate.kind}; remove reports to judge by the exit status`,
    );
  }
  const { run } = ran;
  const program = run.argv[0] ?? "the command";
  const base = {
    metrics: {},
    details: { exit_code: run.exitCode, leftover_processes: run.leftoverProcesses },
    judged_by: "exit_status" as const,
  };
  if (run.exitCode === 0)
    return {
      ...base,
      status: "passed",
      summary: `${program} ended with 0`,
      reasons: leftovers(ran),
    };
  const warn = run.exitCode !== null && gate.exitCodes.warn.includes(run.exitCode);
  const reason: GateReason = {
    code: "EXIT_STATUS",
    level: warn ? "warn" : "fail",
    message: `${program} ended with ${run.exitCode}${tail(run)}`,
    measured: run.exitCode ?? "none",
    limit: 0,
  };
  return {
    ...base,
    status: warn ? "warning" : "failed",
    summary: `${program} ended with ${run.exitCode}`,
    reasons: [reason, ...leftovers(ran)],
  };
}

// The report decides and the exit status corroborates: a good report beside a bad exit status is a contradiction, which
// nobody can judge. An exit status never makes a verdict better.
function corroborated(gate: GateConfig, verdict: GateVerdict, ran: CommandResult | null): Judged {
  const good = verdict.status === "passed" || verdict.status === "warning";
  const exitCode = ran?.run.exitCode ?? 0;
  const warn = gate.exitCodes.warn.includes(exitCode);
  if (ran && good && exitCode !== 0 && !warn) {
    if (gate.reports.length === 0) return byExitStatus({ ...gate, reports: [] }, ran);
    throw new GateError(
      "CONTRADICTION",
      `the report says ${verdict.status}, but the command ended with ${exitCode}${tail(ran.run)}`,
    );
  }
  const status: GateStatus = verdict.status === "passed" && warn ? "warning" : verdict.status;
  const judgedBy = !ran ? "artifact" : ran.reports.length > 0 ? "report" : "exit_status";
  return {
    status,
    summary: verdict.summary,
    reasons: [...(verdict.reasons ?? []), ...(ran ? leftovers(ran) : [])],
    metrics: verdict.metrics ?? {},
    details: (verdict.details ?? {}) as JsonObject,
    judged_by: judgedBy,
  };
}

function leftovers({ run }: CommandResult): GateReason[] {
  if (run.leftoverProcesses === 0) return [];
  return [
    {
      code: "LEFTOVER_PROCESSES",
      level: "warn",
      message: `${run.leftoverProcesses} process(es) were still running after the command had ended and were killed`,
      measured: run.leftoverProcesses,
      limit: 0,
    },
  ];
}

function timeoutError(gate: GateConfig, cause: unknown): GateError {
  if (cause instanceof GateError) return cause;
  return new GateError("TIMEOUT", `it had not decided after ${gate.timeoutSeconds} s`, { cause });
}

function unjudged(cause: unknown): Judged {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof GateError ? cause.code : "GATE_THREW";
  const firstLine = message.split("\n", 1)[0] ?? "";
  return {
    status: "error",
    summary: `could not judge: ${firstLine.slice(0, 500)}`,
    reasons: [{ code, level: "fail", message: message.slice(0, 4000) }],
    error: { code, message: message.slice(0, 4000) },
    metrics: {},
    details: {},
    judged_by: "nothing",
  };
}

function mask<T>(value: T, secrets: readonly string[]): T {
  const hidden = secrets.filter((secret) => secret.length >= 6);
  if (hidden.length === 0) return value;
  const replace = (item: unknown): unknown => {
    if (typeof item === "string")
      return hidden.reduce((text, secret) => text.replaceAll(secret, "***"), item);
    if (Array.isArray(item)) return item.map(replace);
    if (typeof item === "object" && item !== null) {
      return Object.fromEntries(
        Object.entries(item).map(([key, member]) => [key, replace(member)]),
      );
    }
    return item;
  };
  return replace(value) as T;
}

function freeze<T>(value: T): T {
  if (
    typeof value !== "object" ||
    value === null ||
    ArrayBuffer.isView(value) ||
    value instanceof Date
  )
    return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
