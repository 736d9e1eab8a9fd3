import { applyExemptions, FloeError, type GateResult, type Reason } from "@floe/core";
import { digestOf } from "@floe/core/model";
import type { EnforcementReport } from "@floe/policy/report";
import type { CompiledPlatform } from "./compile-platform.ts";

/** What the policies of every environment say of a platform that is not published. */
export interface JudgedPlatform {
  readonly results: readonly { readonly environment: string; readonly result: GateResult }[];
  /** The same for JSON outputs. */
  readonly rows: readonly {
    readonly environment: string;
    readonly status: string;
    readonly summary: string;
  }[];
  /** Environments whose policies refuse it, or that could not be judged. */
  readonly blocking: readonly Reason[];
}

/** Judges a compiled platform by the policies of every environment, as far as they speak of what it is made of. */
export async function judgePlatform(
  { manifest, exemptions, artifact, bytes }: CompiledPlatform,
  at: Date,
  options: { readonly signal: AbortSignal },
): Promise<JudgedPlatform> {
  const { judgeCompiled } = await import("@floe/policy");
  const around = {
    environments: manifest.environments.map(({ name }) => name),
    repository: manifest.registry.uri.replace(/^oci:\/\//, ""),
    versionPattern: manifest.tags.versionPattern,
    now: () => at,
  };
  const results: { environment: string; result: GateResult }[] = [];
  for (const environment of around.environments) {
    const compiled = { artifact, bytes };
    const judged = await judgeCompiled(manifest.policies, compiled, environment, around, options);
    const scope = { environment, version: artifact.metadata.version ?? "", now: at };
    results.push({ environment, result: applyExemptions(judged, exemptions, scope) });
  }
  return {
    results,
    rows: results.map(({ environment, result: { status, summary } }) => ({
      ...{ environment, status, summary },
    })),
    blocking: results.flatMap(({ environment, result }) => refusal(environment, result)),
  };
}

function refusal(environment: string, { status, summary, reasons }: GateResult): Reason[] {
  if (status === "passed" || status === "warning") return [];
  const { code, exitCode, message, hint } = new FloeError({
    code: status === "error" ? "FLOE_GATE_ERROR" : "FLOE_GATE_FAILED",
    message: `policies of ${environment}: ${summary}`,
    hint: reasons.find(({ fix }) => fix !== undefined)?.fix ?? "See the report.",
  });
  return [{ code, exitCode, message, hint: hint ?? null }];
}

/** The same as reports tell it. */
export function compileReport(
  { artifact: { metadata }, bytes }: CompiledPlatform,
  { results, blocking }: JudgedPlatform,
  version: string,
  at: Date,
): EnforcementReport {
  return {
    title: `Policies of ${metadata.name}`,
    subject: { name: metadata.name, version: metadata.version, digest: digestOf(bytes) },
    outcome: blocking.length === 0 ? "compiled" : "compiled, and refused",
    passed: blocking.length === 0,
    blocking: blocking.map(({ code, message, hint }) => ({ code, message, hint })),
    warnings: [],
    environments: results.map(({ environment, result }) => ({ environment, gates: [result] })),
    tool: { name: "floe", version },
    at,
  };
}
