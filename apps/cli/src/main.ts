import { execute } from "@oclif/core";

/** How long what is left after a command may keep the process, with its result printed by then. */
const LEFTOVERS_MS = 500;

/** Runs the command line through oclif. `url` is the launcher's, so that oclif finds the package. */
export async function main(url: string, args: readonly string[]): Promise<void> {
  await execute({ dir: url, args: helpAsFlag(args) });
  // A gate plugin may leave timers or sockets behind, also one that was given up; nobody waits for those.
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}

// `floe help promote` is what many are used to.
function helpAsFlag([first, ...rest]: readonly string[]): string[] {
  if (first === "help") return [...rest, "--help"];
  return first === undefined ? [] : [first, ...rest];
}
