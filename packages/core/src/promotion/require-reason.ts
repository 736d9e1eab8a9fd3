import { FloeError } from "../errors/index.ts";

/** Characters of a reason: it stands in the ledger's state for as long as what it is the reason for. */
const MAX_REASON = 4000;

/**
 * Takes the reason that every change by hand needs, without the space around it.
 * @throws {FloeError} FLOE_USAGE_INVALID - there is none, or one that every later event would have to carry along
 */
export function requireReason(action: string, reason: string): string {
  const text = reason.trim();
  if (text.length > MAX_REASON) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `the reason of the ${action} has ${text.length} characters; at most ${MAX_REASON} are kept`,
      hint: "Give the gist and a link to the rest.",
    });
  }
  if (text !== "") return text;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${action} needs a reason`,
    hint: "Give --reason with what others should know.",
  });
}
