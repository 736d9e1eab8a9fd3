import type { GateResult } from "@floe/core";
import { isFloeError } from "@floe/core/errors";
import type { CompiledArtifact } from "@floe/core/spec";
import { parsePolicies } from "./bind-rules.ts";
import { evaluateCompiled, type PolicySurroundings } from "./evaluate-policies.ts";
import { verdictOf } from "./verdict.ts";

/** A compiled platform that nobody has published yet. */
export interface CompiledSubject {
  readonly artifact: CompiledArtifact;
  readonly bytes: Uint8Array;
}

/**
 * Judges a compiled artifact by the policies of an environment, as far as that can be told before it is published. Rules
 * that ask about the published artifact are listed in the details as `needs_artifact`, and decide nothing here.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the policies are not valid
 */
export async function judgeCompiled(
  policies: unknown,
  compiled: CompiledSubject,
  environment: string,
  around: PolicySurroundings,
  { signal }: { readonly signal: AbortSignal },
): Promise<GateResult> {
  const started = around.now().getTime();
  const parsed = parsePolicies(policies, around.environments);
  const evaluation = await evaluateCompiled(parsed, compiled, environment, around, signal);
  const base = {
    ...{ gate: "policy_compliance", kind: "policy_compliance", required: true, plugin: null },
    duration_ms: Math.max(0, around.now().getTime() - started),
  };
  try {
    const { status, summary, reasons = [], metrics = {}, details = {} } = verdictOf(evaluation);
    return {
      ...{ ...base, status, summary, reasons, metrics },
      details: details as GateResult["details"],
      judged_by: "artifact",
    };
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    const { code, message } = cause;
    return {
      ...{ ...base, status: "error", summary: `could not judge: ${message}` },
      reasons: [{ code: "FLOE-E001", level: "fail", message, fix: cause.hint ?? "" }],
      error: { code, message },
      ...{ metrics: {}, details: {}, judged_by: "nothing" },
    };
  }
}
