import { createHash, hash } from "node:crypto";
import { type Digest, digestHex } from "../model/digest.ts";
import { type CompactRange, extendRange, NO_LEAVES, rangeRoot } from "./compact-range.ts";

const HASH_BYTES = 32;

/**
 * Computes the root of the Merkle tree over leaf hashes in the order given (RFC 6962 section 2.1). The leaf hashes are
 * taken as they are: the chain link of an event is its leaf hash already.
 * @param before - leaves that come first and are not at hand
 */
export function merkleRoot(leaves: readonly Digest[], before: CompactRange = NO_LEAVES): Digest {
  if (before.size > 0) return rangeRoot(extendRange(before, leaves));
  if (leaves.length === 0) return `sha256:${createHash("sha256").digest("hex")}` as Digest;
  // Each level is written over the one below it.
  const level = Buffer.alloc(leaves.length * HASH_BYTES);
  for (const [index, leaf] of leaves.entries())
    level.write(digestHex(leaf), index * HASH_BYTES, HASH_BYTES, "hex");
  const node = Buffer.alloc(1 + 2 * HASH_BYTES);
  node[0] = 1;
  // A tree of n leaves splits at the largest power of two below n, which is what pairing from the left and carrying an odd
  // one up comes to.
  for (let width = leaves.length; width > 1; width = Math.ceil(width / 2)) {
    for (let left = 0; left < width; left += 2) {
      const from = left * HASH_BYTES;
      const to = (left / 2) * HASH_BYTES;
      if (left + 1 === width) level.copy(level, to, from, from + HASH_BYTES);
      else {
        level.copy(node, 1, from, from + 2 * HASH_BYTES);
        hash("sha256", node, "buffer").copy(level, to);
      }
    }
  }
  return `sha256:${level.toString("hex", 0, HASH_BYTES)}` as Digest;
}
