import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@floe/testing";
import { runPeer } from "./run-peer.ts";

/**
 * Has crane make an image of one layer and push it.
 * @returns the digest as crane reads it back from the registry
 */
export async function pushCraneImage(
  reference: string,
  options: { readonly cwd: string; readonly content?: string; readonly signal: AbortSignal },
): Promise<string> {
  const { cwd, signal, content = reference } = options;
  await writeFile(join(cwd, "layer.txt"), content);
  const tar = await run("tar", ["-cf", "layer.tar", "layer.txt"], { cwd, signal });
  if (tar.exitCode !== 0) throw new Error(`tar ended with ${tar.exitCode}: ${tar.stderr}`);
  await runPeer("crane", ["append", "--oci-empty-base", "-f", "layer.tar", "-t", reference], {
    cwd,
    signal,
  });
  return await runPeer("crane", ["digest", reference], { cwd, signal });
}
