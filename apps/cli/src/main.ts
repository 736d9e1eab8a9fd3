import { execute } from "@oclif/core";

/** How long what is left after a command may keep the process, with its result printed by then. */
const LEFTOVERS_MS = 500;

/** Runs the command line. `url` is the launcher's, so that oclif finds the package. */
export async function main(url: string): Promise<void> {
  await execute({ dir: url });
  // A gate plugin may leave timers or sockets behind, also one that was given up; nobody waits for those.
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}
