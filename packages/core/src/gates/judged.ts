import type { GateResult } from "../model/records.ts";
import { GateError } from "./gate-error.ts";

/** What judging a gate once came to, before anything that only core knows is added. */
export type Judged = Pick<
  GateResult,
  "status" | "summary" | "reasons" | "metrics" | "details" | "judged_by" | "security_summary"
> & {
  readonly error?: { readonly code: string; readonly message: string };
};

/** The status `error`: why no verdict could be had. */
export function unjudged(cause: unknown): Judged {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof GateError ? cause.code : "GATE_THREW";
  const firstLine = message.split("\n", 1)[0] ?? "";
  return {
    status: "error",
    summary: `could not judge: ${firstLine.slice(0, 500)}`,
    reasons: [
      {
        code,
        level: "fail",
        message: message.slice(0, 4000),
        ...(cause instanceof GateError && cause.fix !== undefined ? { fix: cause.fix } : {}),
      },
    ],
    error: { code, message: message.slice(0, 4000) },
    metrics: {},
    details: {},
    judged_by: "nothing",
  };
}
