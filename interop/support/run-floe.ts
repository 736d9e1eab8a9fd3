import { fileURLToPath } from "node:url";
import { type RunOptions, type RunResult, run } from "@floe/testing";

const LAUNCHER = fileURLToPath(new URL("../../apps/cli/bin/run.js", import.meta.url));

/** Runs the built command line, as a user does, to its end. */
export async function runFloe(args: readonly string[], options: RunOptions): Promise<RunResult> {
  return await run(process.execPath, [LAUNCHER, ...args], options);
}

/**
 * Runs the built command line and expects success; gives its standard output without the last line break.
 * @throws {Error} another exit code than 0; the message holds what floe said
 */
export async function floeDone(args: readonly string[], options: RunOptions): Promise<string> {
  const { stdout, stderr, exitCode } = await runFloe(args, options);
  if (exitCode !== 0)
    throw new Error(`floe ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout.trimEnd();
}
