/**
 * Says whether a subject matches a glob as a whole: `*` stands for any characters but `/` and `@`, `**` for any at all,
 * every other character for itself. Time is at most proportional to the product of both lengths, whatever the pattern.
 */
export function matchesSubjectPattern(pattern: string, subject: string): boolean {
  const tokens = pattern.match(/\*{1,2}|[^*]/gu) ?? [];
  // The positions in the pattern at which a match may be after the characters read so far.
  let open = withSkips(new Set([0]), tokens);
  for (const character of subject) {
    const next = new Set<number>();
    for (const at of open) {
      const token = tokens[at];
      if (token === "**" || (token === "*" && character !== "/" && character !== "@")) next.add(at);
      else if (token === character) next.add(at + 1);
    }
    if (next.size === 0) return false;
    open = withSkips(next, tokens);
  }
  return open.has(tokens.length);
}

/** A star may stand for nothing. */
function withSkips(positions: Set<number>, tokens: readonly string[]): Set<number> {
  // A set is iterated over what is added meanwhile, too.
  for (const at of positions) if (tokens[at]?.startsWith("*")) positions.add(at + 1);
  return positions;
}
