import type { IssuePath } from "../issue-list.ts";
import { quote } from "../issue-list.ts";
import type { ResolveContext } from "./resolve-context.ts";

/**
 * Replaces `${VAR}` in a header, `*_ref` or URL. `null` when a variable is not set (or set to nothing), which is an
 * issue by then.
 */
export function expandVariables(
  context: ResolveContext,
  text: string,
  path: IssuePath,
): string | null {
  let failed = false;
  const expanded = text.replace(/\$\{([^}]*)(\}?)/g, (_, name: string, closing: string) => {
    const value =
      closing === "}" && Object.hasOwn(context.env, name) ? context.env[name] : undefined;
    if (value !== undefined && value !== "") return value;
    failed = true;
    let problem = `the environment variable ${name} is not set`;
    if (closing !== "}") problem = "${ is never closed";
    else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      problem = `${quote(`\${${name}}`)} names no environment variable`;
    context.report(path, problem);
    return "";
  });
  return failed ? null : expanded;
}
