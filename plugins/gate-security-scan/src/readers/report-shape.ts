import { z } from "zod";

/** Text that tools may leave out or set to null. */
export const optionalText = z.string().nullish();

/** Whole or broken number that tools may leave out. */
export const optionalNumber = z.number().nullish();

/**
 * Reads what a report holds; keys that are not known are passed over.
 *
 * @throws {Error} naming the place, when something is not of the type that the format gives it.
 */
export function readShape<Shape>(schema: z.ZodType<Shape>, value: unknown, format: string): Shape {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.map((part) =>
    typeof part === "number" ? `[${part}]` : `.${String(part)}`,
  );
  // The message of zod names types only: a value could be a secret.
  throw new Error(
    `this is not a report of ${format}: at $${place?.join("") ?? ""}: ${issue?.message ?? "invalid"}`,
  );
}
