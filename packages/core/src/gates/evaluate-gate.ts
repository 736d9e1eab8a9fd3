import type {
  Gate,
  GateBaseline,
  GateProvider,
  GateReport,
  GateVerdict,
  PluginServices,
} from "../contract/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import { POLICY_GATE } from "../manifest/resolve/gate-kinds.ts";
import { noteBuiltIns } from "../plugins/built-ins.ts";
import type { ArtifactFacts } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { GateError } from "./gate-error.ts";
import type { GateTarget } from "./gate-target.ts";
import type { CommandResult } from "./run-command.ts";
import { settled } from "./settled.ts";
import { parseVerdict } from "./verdict.ts";

/** What a plugin's gate judges by, whether a command has just left it or it is evidence of an earlier run. */
export interface GateInput {
  /** `null` where the gate has no command. */
  readonly ran: CommandResult | null;
  /** Where there is no command: what it judges in place of a command's reports. */
  readonly reports?: readonly GateReport[];
  readonly baseline: GateBaseline | null;
  /** What commands that the gate starts itself must not print. */
  readonly secrets: readonly string[];
  /** By the clock, in milliseconds. */
  readonly deadline: number;
}

/**
 * Has a plugin judge an artifact once.
 * @throws {GateError} SETTINGS_INVALID, VERDICT_INVALID, LANGUAGE_CHANGED - and whatever the plugin throws
 */
export async function evaluateGate(
  ...args: [
    gate: GateConfig,
    provider: GateProvider,
    target: GateTarget,
    input: GateInput,
    context: Pick<FloeContext, "runner" | "clock" | "logger">,
    signal: AbortSignal,
  ]
): Promise<GateVerdict> {
  const builtIns = noteBuiltIns();
  const refuseChanges = (): void => {
    const changed = builtIns.restore();
    if (changed.length === 0) return;
    const message = `it changed objects of the language: ${changed.join(", ")}`;
    throw new GateError("LANGUAGE_CHANGED", message, { fix: "Do not use this plugin." });
  };
  try {
    const answer = await answerOf(...args);
    // Before its answer is read, and after: reading it calls what it has made of `toJSON`.
    refuseChanges();
    const parsed = parseVerdict(answer);
    if (!parsed.ok) throw new GateError("VERDICT_INVALID", parsed.reason);
    return parsed.verdict;
  } finally {
    refuseChanges();
  }
}

async function answerOf(
  gate: GateConfig,
  provider: GateProvider,
  target: GateTarget,
  input: GateInput,
  context: Pick<FloeContext, "runner" | "clock" | "logger" | "telemetry">,
  signal: AbortSignal,
): Promise<unknown> {
  const settings = await settled(checkedSettings(gate, provider.config), signal);
  const services: PluginServices & { readonly facts?: ArtifactFacts } = {
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
          env: { ...context.telemetry?.childEnvironment(), ...command.env },
          secrets: input.secrets,
          timeoutMs: Math.max(1, input.deadline - context.clock.now().getTime()),
        },
        { signal: AbortSignal.any([signal, options.signal]) },
      ),
    now: () => context.clock.now(),
    ...(gate.kind === POLICY_GATE && target.facts ? { facts: target.facts } : {}),
    cwd: gate.cwd,
  };
  const { artifact, source, target: environment, dryRun } = target;
  const subject = freeze({
    source,
    target: environment,
    dryRun,
    // Bytes cannot be frozen, and these are the ones that would be promoted: a gate gets its own.
    artifact: { ...artifact, manifest: Uint8Array.from(artifact.manifest) },
    gate: gate.name,
    run: input.ran?.run ?? null,
    reports: (input.ran?.reports ?? input.reports ?? []).map((report) => ({ ...report })),
    baseline: input.baseline,
  });
  const making = Promise.resolve(provider.create(settings, services));
  const instance: Gate = await settled(making, signal);
  try {
    return await settled(Promise.resolve(instance.evaluate(subject, { signal })), signal);
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
