import type { StandardIssue, StandardSchema } from "../../contract/index.ts";
import { didYouMean } from "../did-you-mean.ts";
import type { IssuePath } from "../issue-list.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { jsonPropertiesOf } from "./standard-json-schema.ts";

/**
 * Runs a provider's schema over settings and puts its complaints to where the settings were written. `rebase` gives
 * the place of a path inside the settings.
 */
export async function checkSettings(
  context: ResolveContext,
  schema: StandardSchema<unknown, unknown>,
  settings: unknown,
  rebase: (path: IssuePath) => IssuePath,
  commonKeys: readonly string[] = [],
): Promise<void> {
  let issues: readonly StandardIssue[] | undefined;
  try {
    issues = (await schema["~standard"].validate(settings)).issues;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    context.report(rebase([]), `the settings could not be checked: ${why}`);
    return;
  }
  for (const issue of issues ?? []) {
    const path = (issue.path ?? []).map(keyOf);
    const unknown = unknownKeysOf(issue);
    if (unknown.length === 0) {
      context.report(rebase(path), firstLine(issue.message));
      continue;
    }
    const known = path.length === 0 ? [...commonKeys, ...jsonPropertiesOf(schema)] : [];
    for (const key of unknown)
      context.report(rebase([...path, key]), "unknown key", {
        suggestion: didYouMean(key, known),
        side: "key",
      });
  }
}

function keyOf(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "number" ? key : String(key);
}

/** Zod says in `keys` which keys it does not know; Standard Schema has no word for it. */
function unknownKeysOf(issue: StandardIssue): string[] {
  if (!("code" in issue) || issue.code !== "unrecognized_keys" || !("keys" in issue)) return [];
  return Array.isArray(issue.keys) ? issue.keys.map(String) : [];
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]?.slice(0, 500) ?? "";
}
