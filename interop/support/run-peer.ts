import { type PeerName, peer, type RunOptions, run } from "@floe/testing";

/**
 * Runs a peer that is expected to succeed and gives its standard output without the last line break.
 * @throws {Error} another exit code than 0; the message holds what the peer said
 */
export async function runPeer(
  name: PeerName,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { stdout, stderr, exitCode } = await run(peer(name), args, options);
  if (exitCode !== 0) {
    throw new Error(`${name} ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
  }
  return stdout.trimEnd();
}
