import { join } from "node:path";
import type { GateConfig } from "../manifest/manifest.ts";
import type { FloeContext } from "../promotion/context.ts";
import { OUTPUT_FILE } from "./gate-output.ts";
import type { GateTarget } from "./gate-target.ts";
import type { PlaceholderValues } from "./placeholders.ts";

/** The variables that a gate's command gets. The values of secrets are added to `run.secrets`, to be masked. */
export async function gateEnvironment(
  gate: GateConfig,
  target: GateTarget,
  values: PlaceholderValues,
  context: Pick<FloeContext, "readSecret" | "telemetry">,
  run: { readonly secrets: string[]; readonly deadline: number; readonly attempt: number },
): Promise<Record<string, string>> {
  const secret: Record<string, string> = {};
  for (const [name, ref] of Object.entries(gate.secretEnv)) {
    const value = await context.readSecret(ref);
    secret[name] = value;
    run.secrets.push(value);
  }
  return {
    ...gate.env,
    ...secret,
    FLOE_GATE: gate.name,
    FLOE_GATE_DIR: values.FLOE_GATE_DIR,
    FLOE_GATE_OUTPUT: join(values.FLOE_GATE_DIR, OUTPUT_FILE),
    FLOE_ARTIFACT_REF: values.ARTIFACT_REF,
    FLOE_ARTIFACT_DIGEST: values.ARTIFACT_DIGEST,
    FLOE_ARTIFACT_TAG: values.ARTIFACT_TAG,
    FLOE_ARTIFACT_MEDIA_TYPE: target.artifact.mediaType,
    FLOE_PLATFORM: target.platform ?? "",
    FLOE_SOURCE_ENV: values.SOURCE_ENV,
    FLOE_TARGET_ENV: values.TARGET_ENV,
    FLOE_BASELINE_REPORT: values.BASELINE_REPORT,
    FLOE_DRY_RUN: target.dryRun ? "true" : "false",
    FLOE_DEADLINE: new Date(run.deadline).toISOString(),
    FLOE_TIMEOUT_SECONDS: String(gate.timeoutSeconds),
    FLOE_ATTEMPT: String(run.attempt),
    FLOE_TRACE_ID: target.traceId,
    ...context.telemetry?.childEnvironment(),
  };
}
