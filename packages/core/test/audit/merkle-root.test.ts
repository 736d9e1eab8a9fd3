import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { merkleRoot } from "../../src/audit/merkle-root.ts";
import { leafHash } from "../../src/ledger/event.ts";
import type { Digest } from "../../src/model/digest.ts";

/** RFC 6962 section 2.1, word for word: recursive, with the split at the largest power of two below n. */
function byDefinition(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return createHash("sha256").digest();
  const [only] = leaves;
  if (leaves.length === 1 && only)
    return createHash("sha256").update(Uint8Array.of(0)).update(only).digest();
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return createHash("sha256")
    .update(Uint8Array.of(1))
    .update(byDefinition(leaves.slice(0, split)))
    .update(byDefinition(leaves.slice(split)))
    .digest();
}

describe("merkleRoot", () => {
  test("is the tree hash of RFC 6962 for every number of leaves up to 70", () => {
    const data = Array.from({ length: 70 }, (_, index) => new TextEncoder().encode(`e${index}`));
    for (let size = 0; size <= data.length; size += 1) {
      const leaves = data.slice(0, size);
      const expected: string = `sha256:${byDefinition(leaves).toString("hex")}`;
      expect(merkleRoot(leaves.map(leafHash))).toBe(expected as Digest);
    }
  });

  test("of nothing is the hash of nothing", () => {
    expect(merkleRoot([])).toBe(
      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });
});
