import type { Digest } from "@floe/core/model";
import type { GraphNode } from "./graph-node.ts";

/**
 * Sorts manifests into groups that can be written one after the other: children before their index, subjects before what is
 * attached to them. Within a group the order is that of the digests.
 */
export function inRanks(nodes: ReadonlyMap<Digest, GraphNode>): GraphNode[][] {
  const ranks = new Map<Digest, number>();
  function rankOf(digest: Digest): number {
    const known = ranks.get(digest);
    if (known !== undefined) return known;
    const node = nodes.get(digest);
    if (node === undefined) return -1;
    // A circle of digests cannot be made; this keeps it from being a circle of calls.
    ranks.set(digest, 0);
    const before = node.children.map(({ descriptor }) => descriptor.digest);
    if (node.subject !== null) before.push(node.subject);
    const rank = 1 + Math.max(-1, ...before.map(rankOf));
    ranks.set(digest, rank);
    return rank;
  }
  const groups: GraphNode[][] = [];
  for (const digest of [...nodes.keys()].sort()) {
    const node = nodes.get(digest);
    if (node === undefined) continue;
    const rank = rankOf(digest);
    groups[rank] ??= [];
    groups[rank].push(node);
  }
  return groups.filter((group) => group !== undefined);
}
