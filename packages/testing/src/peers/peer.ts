import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A program that the interop suite compares floe with. */
export type PeerName = "cosign" | "crane" | "oras" | "docker-registry";

// `src/peers` and `dist/peers` are equally deep below the repository's root.
const BIN = new URL("../../../../.peers/pkg/usr/bin/", import.meta.url);

/**
 * The absolute path of a peer program.
 * @throws {Error} it is not there; the message says how to get it, so that no test passes for lack of a peer
 */
export function peer(name: PeerName): string {
  const path = fileURLToPath(new URL(name, BIN));
  if (!existsSync(path)) {
    throw new Error(`${name} is not in .peers: run scripts/install-peers.sh first`);
  }
  return path;
}
