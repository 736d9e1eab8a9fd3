import { fileURLToPath } from "node:url";
import { execute } from "@oclif/core";
import { leaveSoon } from "./leave-soon.ts";

/** Runs the command line through oclif. `url` is the launcher's, so that oclif finds the package. */
export async function main(url: string, args: readonly string[]): Promise<void> {
  // What users install are floe's plugins and not oclif's: none of their commands and hooks may run.
  const loadOptions = { root: fileURLToPath(url), userPlugins: false, devPlugins: false };
  await execute({ dir: url, args: helpAsFlag(args), loadOptions });
  leaveSoon();
}

// `floe help promote` is what many are used to.
function helpAsFlag([first, ...rest]: readonly string[]): string[] {
  if (first === "help") return [...rest, "--help"];
  return first === undefined ? [] : [first, ...rest];
}
