import { relative, resolve, sep } from "node:path";
import { canonicalJson } from "../../model/canonical-json.ts";
import { digestOf } from "../../model/digest.ts";
import { didYouMean } from "../did-you-mean.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type { GateConfig } from "../manifest.ts";
import { COMMON_GATE_KEYS, type GateCommandMap, type GateMap } from "../schema/gates.ts";
import { checkSettings } from "./check-settings.ts";
import { type GateKinds, KNOWN_GATES, POLICY_GATE } from "./gate-kinds.ts";
import { resolveCommand } from "./resolve-command.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { evidenceDemands, resolveEvidence } from "./resolve-evidence.ts";
import {
  type RunParts,
  resolveEnv,
  resolveExitCodes,
  resolveReports,
  resolveSecretEnv,
} from "./resolve-gate-run.ts";
import { type ResolvedIdentities, reportUnknown } from "./resolve-identities.ts";

const DEFAULT_TIMEOUT_SECONDS = 300;

/** What the gates of an environment are resolved with. */
export interface GateScope {
  readonly context: ResolveContext;
  readonly kinds: GateKinds;
  readonly commands: Readonly<Record<string, GateCommandMap>>;
  readonly environmentTimeoutSeconds: number | undefined;
  readonly defaultTimeoutSeconds: number | undefined;
  /** Whom `from_attestation.signers` and `evidence_from` may name. */
  readonly people: ResolvedIdentities;
}

/** A gate with its part of the policy digest. */
export interface ResolvedGate {
  readonly config: GateConfig;
  readonly json: Readonly<Record<string, unknown>>;
}

/** One gate with the places that its keys may be written in, nearest first. */
export interface GateParts extends RunParts {
  readonly name: string;
}

/** Resolves one gate that an environment runs. */
export async function resolveGate(scope: GateScope, parts: GateParts): Promise<ResolvedGate> {
  const { context } = scope;
  const { name, own, shared, path } = parts;
  const kind = own.kind ?? name;
  /** The place of a common key: the gate's own map before `gate_commands`. */
  const placeOf = (key: string): IssuePath =>
    context.has([...path, key]) ? [...path, key] : [...parts.sharedPath, key];
  const merged = { ...shared, ...own };
  const hasCommand = context.has(placeOf("command"));
  checkKind(scope, parts, kind, hasCommand);

  const command =
    merged.command === undefined
      ? null
      : resolveCommand(context, merged.command, merged.shell === true, placeOf("command"));
  if (merged.shell === true && !hasCommand)
    context.report(placeOf("shell"), "needs a command", { side: "key" });
  const settings = settingsOf(shared, own);
  await checkGateSettings(scope, parts, kind, settings, hasCommand);

  const cwd =
    merged.cwd === undefined ? context.dir : resolve(context.dirOf(placeOf("cwd")), merged.cwd);
  const retry = merged.retry;
  const config: Omit<GateConfig, "configDigest"> = {
    name,
    kind,
    required: own.required ?? true,
    timeoutSeconds:
      own.timeout_seconds ??
      shared.timeout_seconds ??
      scope.environmentTimeoutSeconds ??
      scope.defaultTimeoutSeconds ??
      DEFAULT_TIMEOUT_SECONDS,
    needs: [...new Set(own.needs)],
    platforms: own.platforms === "all" ? "all" : own.platforms ? [...new Set(own.platforms)] : null,
    exclusive: merged.exclusive ?? false,
    command,
    reports: resolveReports(context, merged.reports, placeOf("reports")),
    cwd,
    env: resolveEnv(context, parts),
    passEnv: [...new Set(merged.pass_env)],
    secretEnv: resolveSecretEnv(context, parts),
    exitCodes: resolveExitCodes(context, merged.exit_codes, placeOf("exit_codes")),
    retryAttempts: (typeof retry === "object" ? retry.attempts : retry) ?? 1,
    settings,
    ...resolveEvidence(context, own, path, scope.people, name),
    unsupported: unsupportedOf(scope, kind, settings),
  };
  const asked = askedOf(context, config);
  return {
    config: { ...config, configDigest: digestOf(canonicalJson(asked)) },
    json: { required: config.required, ...asked, ...evidenceDemands(own) },
  };
}

function checkKind(scope: GateScope, parts: GateParts, kind: string, hasCommand: boolean): void {
  const { context, kinds } = scope;
  const { name, own, path } = parts;
  if (own.kind !== undefined && own.kind === POLICY_GATE && name !== POLICY_GATE) {
    context.report([...path, "kind"], "policy_compliance runs once and has no further instances");
    return;
  }
  if (kinds.names.includes(kind)) return;
  if (own.kind !== undefined && own.kind !== name) {
    if (!context.has([...PATHS.gateCommands, kind]))
      reportUnknown(context, kind, [...path, "kind"], kinds.names, "gate");
    return;
  }
  if (hasCommand) return;
  const candidates = [...kinds.names, ...context.keysAt(PATHS.gateCommands)];
  context.report(
    path,
    `nothing provides the gate ${quote(name)}: it has no command and no plugin has it`,
    { suggestion: didYouMean(name, candidates), side: "key" },
  );
}

/** Every key that is not common: the provider's own settings, `gate_commands` below the gate's own. */
function settingsOf(shared: GateCommandMap, own: GateMap): Readonly<Record<string, unknown>> {
  const isSetting = ([key]: [string, unknown]) => !COMMON_GATE_KEYS.includes(key);
  return Object.fromEntries([
    ...Object.entries(shared).filter(isSetting),
    ...Object.entries(own).filter(isSetting),
  ]);
}

async function checkGateSettings(
  scope: GateScope,
  parts: GateParts,
  kind: string,
  settings: Readonly<Record<string, unknown>>,
  hasCommand: boolean,
): Promise<void> {
  const { context } = scope;
  const rebase = (path: IssuePath): IssuePath => {
    const [first] = path;
    const isShared = first !== undefined && !Object.hasOwn(parts.own, first);
    return isShared && context.has([...parts.sharedPath, first])
      ? [...parts.sharedPath, ...path]
      : [...parts.path, ...path];
  };
  const schema = scope.kinds.schemaOf(kind);
  if (schema) return checkSettings(context, schema, settings, rebase, COMMON_GATE_KEYS);
  // A gate that is only a command has no settings; the built-in one has them in `policies`.
  const isCommandOnly = schema === null && hasCommand && !scope.kinds.names.includes(kind);
  if (kind !== POLICY_GATE && !isCommandOnly) return;
  for (const key of Object.keys(settings))
    context.report(rebase([key]), "unknown key", {
      suggestion: didYouMean(key, COMMON_GATE_KEYS),
      side: "key",
    });
}

/** Settings that no provider reads would be ignored in silence, so the plan has to block on them too. */
function unsupportedOf(
  scope: GateScope,
  kind: string,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  const unread = scope.kinds.schemaOf(kind) === null && KNOWN_GATES.includes(kind);
  return unread && kind !== POLICY_GATE ? Object.keys(settings) : [];
}

/** What the gate is asked, without how long it may take and where on this machine it runs. */
function askedOf(
  context: ResolveContext,
  config: Omit<GateConfig, "configDigest">,
): Readonly<Record<string, unknown>> {
  return {
    kind: config.kind,
    settings: config.settings,
    ...(config.platforms === null
      ? {}
      : { platforms: config.platforms === "all" ? "all" : config.platforms.toSorted() }),
    ...(config.command
      ? {
          command: config.command.argv,
          shell: config.command.shell,
          reports: config.reports,
          cwd: relative(context.dir, config.cwd).split(sep).join("/"),
          env: config.env,
          pass_env: config.passEnv.toSorted(),
          secret_env: Object.keys(config.secretEnv).toSorted(),
          exit_codes: {
            warn: config.exitCodes.warn.toSorted((a, b) => a - b),
            error: config.exitCodes.error.toSorted((a, b) => a - b),
          },
        }
      : {}),
  };
}
