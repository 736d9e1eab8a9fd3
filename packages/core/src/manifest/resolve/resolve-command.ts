import type { IssuePath } from "../issue-list.ts";
import type { GateCommand } from "../manifest.ts";
import {
  checkNoPlaceholders,
  checkPlaceholders,
  type PlaceholderProblem,
} from "../placeholders.ts";
import { splitCommand } from "../split-command.ts";
import type { ResolveContext } from "./resolve-context.ts";

/** Resolves a gate's `command` and `shell`; `null` when it is wrong, which is an issue by then. */
export function resolveCommand(
  context: ResolveContext,
  command: string | readonly string[],
  shell: boolean,
  path: IssuePath,
): GateCommand | null {
  if (shell) return resolveScript(context, command, path);
  let words = command;
  if (typeof words === "string") {
    const split = splitCommand(words);
    if (!split.ok) {
      context.report(path, split.problem);
      return null;
    }
    words = split.words;
    for (const word of words) reportProblems(context, checkPlaceholders(word), path);
  } else {
    for (const [index, word] of words.entries())
      reportProblems(context, checkPlaceholders(word), [...path, index]);
  }
  const [program, ...rest] = words;
  if (program === undefined || program.trim() === "") {
    context.report(path, "names no program");
    return null;
  }
  return { argv: [program, ...rest], shell: false };
}

function resolveScript(
  context: ResolveContext,
  command: string | readonly string[],
  path: IssuePath,
): GateCommand | null {
  if (typeof command !== "string") {
    context.report(path, "must be text when shell is true");
    return null;
  }
  if (command.trim() === "") {
    context.report(path, "is an empty script");
    return null;
  }
  // What a placeholder stands for could otherwise be read as shell syntax.
  reportProblems(context, checkNoPlaceholders(command, "a shell script"), path);
  return { argv: [command], shell: true };
}

/** Reports what is wrong with placeholders at one path. */
export function reportProblems(
  context: ResolveContext,
  problems: readonly PlaceholderProblem[],
  path: IssuePath,
): void {
  for (const { message, suggestion } of problems) context.report(path, message, { suggestion });
}
