/** A command of floe's own, as the build lists it in `dist/direct-commands.json`. */
export interface ListedCommand {
  readonly id: string;
  /** Below `dist`. */
  readonly file: string;
  /** Whether words may follow its name. */
  readonly takesWords: boolean;
  /** Whether it always signs something, unless it is a dry run. */
  readonly signs?: boolean;
}

/** A command with what follows its name. */
export interface DirectCommand extends Pick<ListedCommand, "id" | "file" | "signs"> {
  readonly args: readonly string[];
}

/** The most words that a command's name has. */
const MAX_WORDS = 3;

/**
 * Finds the command that a command line names, where it is certain that oclif would run the same one: its name is
 * written out, nobody asks for help, and no word follows that could belong to a name. `null`: ask oclif.
 */
export function findDirectCommand(
  args: readonly string[],
  listed: Readonly<Record<string, ListedCommand>>,
): DirectCommand | null {
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  if (before.some((word) => word === "--help" || word === "-h")) return null;
  for (let count = Math.min(MAX_WORDS, args.length); count > 0; count -= 1) {
    const name = args.slice(0, count).join(" ");
    const found = Object.hasOwn(listed, name) ? listed[name] : undefined;
    if (found === undefined) continue;
    const rest = args.slice(count);
    const [next] = rest;
    if (next !== undefined && !next.startsWith("-") && !found.takesWords) return null;
    return { id: found.id, file: found.file, signs: found.signs === true, args: rest };
  }
  return null;
}
