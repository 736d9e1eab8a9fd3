import { FloeError } from "../errors/index.ts";

/**
 * Takes the reason that every change by hand needs, without the space around it.
 * @throws {FloeError} FLOE_USAGE_INVALID - there is none
 */
export function requireReason(action: string, reason: string): string {
  const text = reason.trim();
  if (text !== "") return text;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${action} needs a reason`,
    hint: "Give --reason with what others should know.",
  });
}
