import { ReportProblem } from "@floe/gate-kit";
import type { z } from "zod";

/**
 * Reads what a report holds; keys that are not known are passed over.
 *
 * @throws {ReportProblem} naming the place, when something is not of the type that the format gives it.
 */
export function readShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: string,
  format: string,
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.map((part) =>
    typeof part === "number" ? `[${part}]` : `.${String(part)}`,
  );
  throw new ReportProblem(
    path,
    undefined,
    `it is not ${format}: at $${place?.join("") ?? ""}: ${issue?.message ?? "invalid"}`,
  );
}

/** Whether a value is an object with all of these keys. */
export function hasKeys(value: unknown, ...keys: readonly string[]): boolean {
  return (
    typeof value === "object" && value !== null && keys.every((key) => Object.hasOwn(value, key))
  );
}
