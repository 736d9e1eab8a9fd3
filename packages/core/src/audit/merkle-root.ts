import { createHash } from "node:crypto";
import { type Digest, digestHex } from "../model/digest.ts";

const NODE = Uint8Array.of(1);

/**
 * Computes the root of the Merkle tree over leaf hashes in the order given (RFC 6962 section 2.1). The leaf hashes are
 * taken as they are: the chain link of an event is its leaf hash already.
 */
export function merkleRoot(leaves: readonly Digest[]): Digest {
  if (leaves.length === 0) return `sha256:${createHash("sha256").digest("hex")}` as Digest;
  let level: Uint8Array[] = leaves.map((leaf) => Buffer.from(digestHex(leaf), "hex"));
  // A tree of n leaves splits at the largest power of two below n, which is what pairing from the left and carrying an odd
  // one up comes to.
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index], level[index + 1]] as [Uint8Array, Uint8Array?];
      above.push(
        right === undefined
          ? left
          : createHash("sha256").update(NODE).update(left).update(right).digest(),
      );
    }
    level = above;
  }
  return `sha256:${Buffer.from(level[0] as Uint8Array).toString("hex")}` as Digest;
}
