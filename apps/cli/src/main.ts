import { execute } from "@oclif/core";
import { leaveSoon } from "./leave-soon.ts";

/** Runs the command line through oclif. `url` is the launcher's, so that oclif finds the package. */
export async function main(url: string, args: readonly string[]): Promise<void> {
  await execute({ dir: url, args: helpAsFlag(args) });
  leaveSoon();
}

// `floe help promote` is what many are used to.
function helpAsFlag([first, ...rest]: readonly string[]): string[] {
  if (first === "help") return [...rest, "--help"];
  return first === undefined ? [] : [first, ...rest];
}
