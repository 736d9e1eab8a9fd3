import type { PinnedFile } from "@floe/core/manifest";
import { digestOf } from "@floe/core/model";

/** A file as a manifest pins it. */
export function pinned(bytes: Uint8Array, path = "/trusted_root.json"): PinnedFile {
  return { path, sha256: digestOf(bytes), bytes };
}
