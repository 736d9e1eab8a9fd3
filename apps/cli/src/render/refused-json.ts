import type { Reason } from "@floe/core";
import { reasonJson } from "./operation-json.ts";

/** The JSON output of a change by hand that was refused. */
export function refusedJson(blocking: readonly Reason[]): Record<string, unknown> {
  const [first] = blocking;
  return {
    success: false,
    error: first && { ...reasonJson(first), details: null },
    blocking: blocking.map(reasonJson),
  };
}
