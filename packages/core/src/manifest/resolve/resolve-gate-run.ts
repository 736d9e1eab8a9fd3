import type { IssuePath } from "../issue-list.ts";
import type { GateConfig, SecretRef } from "../manifest.ts";
import { checkNoPlaceholders, checkPlaceholders } from "../placeholders.ts";
import type { GateCommandMap, GateMap } from "../schema/gates.ts";
import { reportProblems } from "./resolve-command.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { resolveSecretRef } from "./resolve-secret-ref.ts";

/** Where a gate's keys may be written: its own map, and `gate_commands` below it. */
export interface RunParts {
  readonly path: IssuePath;
  readonly own: GateMap;
  readonly shared: GateCommandMap;
  readonly sharedPath: IssuePath;
}

/** Resolves `reports`: patterns with the format to read them in. */
export function resolveReports(
  context: ResolveContext,
  reports: GateMap["reports"],
  path: IssuePath,
): GateConfig["reports"] {
  return (reports ?? []).map((report, index) => {
    const pattern = typeof report === "string" ? report : report.path;
    const where = [...path, index, ...(typeof report === "string" ? [] : ["path"])];
    reportProblems(context, checkPlaceholders(pattern), where);
    const format = typeof report === "string" ? undefined : report.format;
    return { path: pattern, format: format ?? "auto" };
  });
}

/** Resolves `env`, the gate's own over that of `gate_commands`. */
export function resolveEnv(
  context: ResolveContext,
  parts: RunParts,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const [values, base] of [
    [parts.shared.env, parts.sharedPath],
    [parts.own.env, parts.path],
  ] as const) {
    for (const [name, value] of Object.entries(values ?? {})) {
      const path = [...base, "env", name];
      refuseReservedVariable(context, name, path);
      reportProblems(context, checkNoPlaceholders(value, "env"), path);
      env[name] = value;
    }
  }
  return env;
}

/** Resolves `secret_env`, the gate's own over that of `gate_commands`. */
export function resolveSecretEnv(
  context: ResolveContext,
  parts: RunParts,
): Readonly<Record<string, SecretRef>> {
  const secrets: Record<string, SecretRef> = {};
  for (const [values, base] of [
    [parts.shared.secret_env, parts.sharedPath],
    [parts.own.secret_env, parts.path],
  ] as const) {
    for (const [name, text] of Object.entries(values ?? {})) {
      const path = [...base, "secret_env", name];
      refuseReservedVariable(context, name, path);
      if (context.has([...base, "env", name]))
        context.report(path, "is in env as well; it must be in one of them", { side: "key" });
      const ref = resolveSecretRef(context, text, path);
      if (ref) secrets[name] = ref;
    }
  }
  return secrets;
}

function refuseReservedVariable(context: ResolveContext, name: string, path: IssuePath): void {
  if (name.startsWith("FLOE_"))
    context.report(path, "variables that begin with FLOE_ are floe's own", { side: "key" });
}

/** Resolves `exit_codes`. */
export function resolveExitCodes(
  context: ResolveContext,
  exitCodes: GateMap["exit_codes"],
  path: IssuePath,
): GateConfig["exitCodes"] {
  const warn = [...new Set(exitCodes?.warn)];
  const error = [...new Set(exitCodes?.error)];
  const both = warn.find((status) => error.includes(status));
  if (both !== undefined) context.report(path, `has ${both} in both warn and error`);
  return { warn, error };
}
