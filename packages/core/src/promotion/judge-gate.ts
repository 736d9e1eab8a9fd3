import type { GateResult } from "../model/records.ts";
import { type Reason, reason } from "./reason.ts";

/**
 * Adds what a gate's result means for a promotion to its reasons and warnings.
 * @param alone - the command that runs this gate alone
 */
export function judgeGate(
  gate: GateResult,
  alone: string,
  blocking: Reason[],
  warnings: string[],
): void {
  if (gate.status === "passed") return;
  const text = `gate ${gate.gate}: ${gate.summary}`;
  if (gate.status === "warning" || !gate.required) {
    warnings.push(gate.required ? text : `${text} (not required)`);
    return;
  }
  // policy_compliance is the one gate that nobody overrides.
  const more = gate.gate === "policy_compliance" ? {} : { override: `gate:${gate.gate}` as const };
  const fixable = gate.reasons.filter((candidate) => candidate.fix !== undefined);
  // Not of what is exempted, where something else refuses.
  const fix = (fixable.find(({ level }) => level === "fail") ?? fixable[0])?.fix;
  switch (gate.status) {
    case "failed":
      blocking.push(reason("FLOE_GATE_FAILED", text, fix ?? `Try the gate alone: ${alone}`, more));
      break;
    case "skipped":
      blocking.push(
        reason(
          "FLOE_GATE_SKIPPED",
          `${text}; a required gate that was skipped blocks`,
          fix ?? "Make it run, or set required: false.",
          more,
        ),
      );
      break;
    case "error":
      if (gate.error?.code === "COMMAND_MISSING") {
        blocking.push(
          reason(
            "FLOE_GATE_COMMAND_MISSING",
            `gate ${gate.gate} ${gate.error.message}`,
            "A required gate that cannot run blocks; it is never skipped into success.",
            more,
          ),
        );
      } else {
        blocking.push(
          reason(
            "FLOE_GATE_ERROR",
            text,
            fix ??
              "This is not a verdict about the artifact: make the gate able to judge, then run again.",
            more,
          ),
        );
      }
      break;
    default: {
      const unknown: never = gate.status;
      throw new Error(`unknown gate status ${String(unknown)}`);
    }
  }
}
