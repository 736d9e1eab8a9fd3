import { execute } from "@oclif/core";

/** Runs the command line. `url` is the launcher's, so that oclif finds the package. */
export async function main(url: string): Promise<void> {
  await execute({ dir: url });
}
