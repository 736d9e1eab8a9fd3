import type { GateConfig } from "../manifest/manifest.ts";
import type { GateResult } from "../model/records.ts";
import type { Telemetry, TelemetryFacts, TelemetrySpan } from "../ports/index.ts";
import { FACTS, FLOE_FACTS } from "../telemetry/index.ts";
import type { GateTarget } from "./gate-target.ts";

/** The conventions' words for what came of a task of a pipeline. */
const TASK_RESULT: Readonly<Record<GateResult["status"], string>> = {
  passed: "success",
  warning: "success",
  failed: "failure",
  error: "error",
  skipped: "skip",
};

/** What a gate's span says before it runs. */
export function gateFacts(gate: GateConfig, target: GateTarget): TelemetryFacts {
  return {
    [FACTS.taskName]: gate.name,
    [FACTS.taskType]: "test",
    [FACTS.environment]: target.target,
    [FACTS.artifactVersion]: target.artifact.version,
    [FACTS.manifestDigest]: target.artifact.digest,
    [FLOE_FACTS.gateKind]: gate.kind,
    [FLOE_FACTS.gateRequired]: gate.required,
  };
}

/** Says what came of a gate. Its result is masked by then. */
export function noteGate(
  result: GateResult,
  target: GateTarget,
  { telemetry }: { readonly telemetry?: Telemetry | undefined },
  span: TelemetrySpan,
): void {
  const { gate, kind, status, error, summary } = result;
  span.add({
    [FACTS.taskResult]: TASK_RESULT[status],
    [FLOE_FACTS.gateStatus]: status,
    "floe.gate.summary": summary,
    "floe.gate.reused": "reused_from" in result && result.reused_from !== undefined,
  });
  if (status === "failed" || status === "error")
    span.fail(status === "error" ? (error?.code ?? "GATE_ERROR") : "GATE_FAILED", summary);
  telemetry?.measure("floe.gate.duration", result.duration_ms / 1000, {
    [FACTS.taskName]: gate,
    [FACTS.environment]: target.target,
    [FLOE_FACTS.gateKind]: kind,
    [FLOE_FACTS.gateStatus]: status,
  });
}
