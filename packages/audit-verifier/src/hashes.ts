import { createHash } from "node:crypto";

/** The digest of bytes by the algorithm that another digest names. */
export function digestLike(digest: string, bytes: Uint8Array): string {
  const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** `SHA-256(0x00 || bytes)`: what an event is known by (RFC 6962 section 2.1, leaf hash). */
export function leafHash(bytes: Uint8Array): string {
  const hash = createHash("sha256").update(Uint8Array.of(0)).update(bytes);
  return `sha256:${hash.digest("hex")}`;
}

/**
 * Leaves that a tree begins with and that are not at hand: the roots of the largest full trees that they make up, from the left.
 */
export interface Range {
  /** Number of leaves. */
  readonly size: number;
  readonly roots: readonly string[];
}

/** Nothing is missing at the beginning. */
export const WHOLE: Range = { size: 0, roots: [] };

/** Root of the Merkle tree over leaf hashes (RFC 6962 section 2.1). */
export function merkleRoot(leaves: readonly string[], before: Range = WHOLE): string {
  const count = before.size + leaves.length;
  const known = rootsOf(before);
  // By the recursive definition: the left tree is the largest full one that leaves something for the right.
  const subtree = (first: number, length: number): Buffer => {
    const given = length === known.get(first)?.length ? known.get(first)?.root : undefined;
    const hash = given ?? (length === 1 ? leaves[first - before.size] : undefined);
    if (hash !== undefined) return Buffer.from(hash.slice("sha256:".length), "hex");
    if (length <= 1) return Buffer.alloc(0);
    const half = 2 ** Math.ceil(Math.log2(length) - 1);
    return createHash("sha256")
      .update(Uint8Array.of(1))
      .update(subtree(first, half))
      .update(subtree(first + half, length - half))
      .digest();
  };
  const root = count === 0 ? createHash("sha256").digest() : subtree(0, count);
  return `sha256:${root.toString("hex")}`;
}

// Where each of the full trees begins, and over how many leaves it is.
function rootsOf({ size, roots }: Range): Map<number, { length: number; root: string }> {
  const found = new Map<number, { length: number; root: string }>();
  let first = 0;
  for (const root of roots) {
    if (first >= size) break;
    const length = 2 ** Math.floor(Math.log2(size - first));
    found.set(first, { length, root });
    first += length;
  }
  return found;
}
