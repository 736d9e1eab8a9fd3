import { z } from "zod";
import { matchesAny } from "../glob.ts";
import { CannotJudge } from "./cannot-judge.ts";

/** A regular expression of RE2's syntax. What it compiles to is checked when it is used: not everybody loads the engine. */
export const patternSchema = z.string().min(1).max(512);

/** What a name has to match. */
export interface NamePatterns {
  readonly allow?: readonly string[] | undefined;
  /** RE2; the whole name has to match. */
  readonly pattern?: string | undefined;
}

/**
 * Makes the test of a name. Its time grows with the name and the pattern alone: RE2 does not go back.
 * @throws {CannotJudge} the pattern is not one of RE2
 */
export async function nameMatcher({ allow, pattern }: NamePatterns): Promise<{
  readonly matches: (name: string) => boolean;
  readonly limit: string;
}> {
  const limit = [...(allow ?? []), ...(pattern === undefined ? [] : [`/${pattern}/`])].join(", ");
  const allowed = (name: string): boolean => allow === undefined || matchesAny(allow, name);
  if (pattern === undefined) return { matches: allowed, limit };
  const { RE2JS } = await import("re2js");
  try {
    const compiled = RE2JS.compile(pattern);
    return { matches: (name) => allowed(name) && compiled.matches(name), limit };
  } catch {
    throw new CannotJudge(
      `${JSON.stringify(pattern)} is not a pattern of RE2 (no look-around, no back-references)`,
    );
  }
}
