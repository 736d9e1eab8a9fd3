import type { CacheRemoval } from "@floe/oci";
import { formatBytes } from "./bytes.ts";

/** What cleaning the cache is printed as with `-o json`. */
export function cacheJson(path: string, removal: CacheRemoval) {
  return {
    success: true,
    path,
    removed_entries: removal.removedEntries,
    removed_bytes: removal.removedBytes,
    left_entries: removal.leftEntries,
    left_bytes: removal.leftBytes,
  };
}

/** What was freed, and what is left. */
export function cacheText(path: string, removal: CacheRemoval): string {
  const { removedEntries, removedBytes, leftEntries, leftBytes } = removal;
  return [
    `freed ${formatBytes(removedBytes)} (${removedEntries} entries)`,
    `left  ${formatBytes(leftBytes)} (${leftEntries} entries) in ${path}`,
  ].join("\n");
}
