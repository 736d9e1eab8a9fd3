import { z } from "zod";

// What other glob dialects give a meaning to. Taken literally it would make a rule that never matches.
const FOREIGN = /[[\]{}\\!]/;

/** A pattern for {@link matchesGlob}. Brackets, braces, `!` and `\` are refused rather than taken literally. */
export const globSchema = z
  .string()
  .min(1)
  .max(512)
  .refine((pattern) => !FOREIGN.test(pattern), {
    error: "a pattern knows only *, ** and ?; list several patterns instead of { } or [ ]",
  });

type State = "*" | "**" | "?" | { readonly literal: string };

function compile(pattern: string): State[] {
  return [...pattern.matchAll(/\*+|\?|[^*?]/gsu)].map(([token]) => {
    if (token === "?" || token === "*") return token;
    return token.startsWith("*") ? "**" : { literal: token };
  });
}

/**
 * Says whether the whole value matches the pattern: `*` is any run without `/`, `**` any run, `?` one character
 * other than `/`. Letter case counts. The time is at most the product of both lengths, whatever the pattern.
 */
export function matchesGlob(pattern: string, value: string): boolean {
  const states = compile(pattern);
  // All positions in the pattern that the text so far can be at: no backtracking, so no pattern is expensive.
  let active = new Set<number>();
  const enter = (set: Set<number>, index: number): void => {
    let at = index;
    set.add(at);
    // A run may be empty.
    while (states[at] === "*" || states[at] === "**") set.add(++at);
  };
  enter(active, 0);
  for (const character of value) {
    const next = new Set<number>();
    for (const at of active) {
      const state = states[at];
      if (state === undefined) continue;
      if (state === "**" || (state === "*" && character !== "/")) enter(next, at);
      else if (state === "?" && character !== "/") enter(next, at + 1);
      else if (typeof state === "object" && state.literal === character) enter(next, at + 1);
    }
    if (next.size === 0) return false;
    active = next;
  }
  return active.has(states.length);
}

/** Says whether a value matches one of the patterns. */
export function matchesAny(patterns: readonly string[], value: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, value));
}
