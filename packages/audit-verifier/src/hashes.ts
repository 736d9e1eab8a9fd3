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

/** Root of the Merkle tree over leaf hashes (RFC 6962 section 2.1). */
export function merkleRoot(leaves: readonly string[]): string {
  const root = leaves.length === 0 ? createHash("sha256").digest() : subtree(leaves);
  return `sha256:${root.toString("hex")}`;
}

// By the recursive definition: the left tree is the largest full one that leaves something for the right.
function subtree(leaves: readonly string[]): Buffer {
  const [only = ""] = leaves;
  if (leaves.length === 1) return Buffer.from(only.slice("sha256:".length), "hex");
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return createHash("sha256")
    .update(Uint8Array.of(1))
    .update(subtree(leaves.slice(0, half)))
    .update(subtree(leaves.slice(half)))
    .digest();
}
