import * as z from "zod";
import type { GateReason } from "../contract/index.ts";
import type { JsonObject } from "../errors/index.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { GateError } from "./gate-error.ts";
import type { Judged } from "./judged.ts";
import { Json, Reason } from "./verdict.ts";

/** The file in the gate's folder whose path commands find in `FLOE_GATE_OUTPUT`. */
export const OUTPUT_FILE = ".floe-gate-output.json";

/** Bytes that a command may write there. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/** What a command says itself of its run, beside its reports and its exit status. */
export const GateOutput = z.strictObject({
  status: z.enum(["passed", "warning", "failed", "skipped", "error"]).optional(),
  summary: z.string().min(1).max(2000).optional(),
  reasons: z.array(Reason).max(1000).optional(),
  metrics: z.record(z.string(), z.number()).optional(),
  details: z.record(z.string(), Json).optional(),
});
export type GateOutput = z.infer<typeof GateOutput>;

/**
 * Reads what a command wrote to `FLOE_GATE_OUTPUT`.
 * @throws {GateError} OUTPUT_INVALID - no JSON, or not of that form: a command that says something wrong has said nothing
 */
export function parseGateOutput(bytes: Uint8Array): GateOutput {
  const invalid = (why: string, cause?: unknown): GateError =>
    new GateError("OUTPUT_INVALID", `what the command wrote to FLOE_GATE_OUTPUT ${why}`, {
      cause,
      fix: 'Write one JSON object, such as {"status": "failed", "summary": "3 licences are not allowed"}, or nothing.',
    });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid("is not JSON", cause);
  }
  const parsed = GateOutput.safeParse(value, PARSE_ONCE);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`is not valid (${issue?.path.join(".") || "top"}: ${issue?.message})`);
}

/** From best to worst. What was skipped was not judged; what could not be judged is nobody's verdict. */
const ORDER = ["passed", "warning", "skipped", "failed", "error"] as const;

/** Adds what a command says of itself. It can only make a verdict worse: a good word changes nothing. */
export function worsened(judged: Judged, output: GateOutput | null): Judged {
  if (!output) return judged;
  const reasons = [...judged.reasons, ...((output.reasons ?? []) as readonly GateReason[])];
  const said = output.reasons?.some(({ level }) => level === "fail")
    ? worst(output.status ?? "failed", "failed")
    : (output.status ?? "passed");
  const more = {
    reasons,
    metrics: { ...output.metrics, ...judged.metrics },
    details: { ...(output.details as JsonObject | undefined), ...judged.details },
  };
  if (worst(judged.status, said) === judged.status) return { ...judged, ...more };
  const summary = output.summary ?? `the command says ${said}`;
  return {
    ...judged,
    ...more,
    status: said,
    summary,
    ...(said === "error" ? { error: { code: "COMMAND_SAYS_ERROR", message: summary } } : {}),
  };
}

function worst<Status extends (typeof ORDER)[number]>(a: Status, b: Status): Status {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}
