import { z } from "zod";

/** An optional gate (`required: false`) that did not pass; it only warned. */
export interface UnmetGate {
  readonly gate: string;
  readonly status: "failed" | "error";
}

const Result = z.looseObject({
  gate: z.string(),
  required: z.literal(false),
  status: z.enum(["failed", "error"]),
});

/** Picks the optional gates that did not pass out of the results in a plan or a record; what is no such result is left out. */
export function unmetGates(results: unknown): UnmetGate[] {
  if (!Array.isArray(results)) return [];
  return results.flatMap((entry) => {
    const { success, data } = Result.safeParse(entry);
    return success ? [{ gate: data.gate, status: data.status }] : [];
  });
}
