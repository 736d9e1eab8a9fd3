import { hash } from "node:crypto";
import { type Digest, digestHex } from "../model/digest.ts";

/**
 * The leaves that a Merkle tree begins with, without the leaves themselves: the roots of the perfect trees that they make up,
 * the largest first. There are as many as the number has ones in binary.
 */
export interface CompactRange {
  /** Number of leaves. */
  readonly size: number;
  readonly roots: readonly Digest[];
}

/** No leaf at all. */
export const NO_LEAVES: CompactRange = { size: 0, roots: [] };

/** Says whether a range has as many roots as its size asks for. */
export function isCompactRange({ size, roots }: CompactRange): boolean {
  let ones = 0;
  for (let left = size; left > 0; left = Math.floor(left / 2)) ones += left % 2;
  return roots.length === ones;
}

/** Adds leaves to a range. */
export function extendRange(range: CompactRange, leaves: Iterable<Digest>): CompactRange {
  const roots = [...range.roots];
  let { size } = range;
  for (const leaf of leaves) {
    let root = leaf;
    for (let below = size; below % 2 === 1; below = Math.floor(below / 2))
      root = nodeHash(roots.pop() as Digest, root);
    roots.push(root);
    size += 1;
  }
  return { size, roots };
}

/** Computes the root of the tree over the leaves of a range that has any (RFC 6962 section 2.1). */
export function rangeRoot({ roots }: CompactRange): Digest {
  return roots.reduceRight((right, left) => nodeHash(left, right));
}

function nodeHash(left: Digest, right: Digest): Digest {
  const node = Buffer.from(`01${digestHex(left)}${digestHex(right)}`, "hex");
  return `sha256:${hash("sha256", node, "hex")}` as Digest;
}
