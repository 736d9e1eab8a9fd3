import { homedir } from "node:os";
import { join } from "node:path";
import type { Manifest, RegistryConfig } from "@floe/core";
import type { BlobCache, CachedStore } from "@floe/oci";
import type { ArtifactTarget } from "./open-artifact.ts";

/** The cache of artifact content on this machine. */
export interface ContentCache {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly cache: BlobCache;
}

const DEFAULTS: Omit<NonNullable<RegistryConfig["cache"]>, "enabled"> = {
  path: null,
  maxBytes: 10 * 1024 ** 3,
  maxAgeMs: 24 * 3_600_000,
};

/** Opens the manifest's cache, or the user's own where there is no manifest or it names none (XDG Base Directory). */
export async function openContentCache(
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
): Promise<ContentCache> {
  const { createBlobCache } = await import("@floe/oci/cache");
  const { maxBytes, maxAgeMs, ...config } = manifest?.registry.cache ?? DEFAULTS;
  const base = env["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  const folder = base?.startsWith("/") ? base : join(env["HOME"] ?? homedir(), ".cache");
  const path = config.path ?? join(folder, "floe", "content");
  return { path, maxBytes, maxAgeMs, cache: createBlobCache({ path, maxBytes, maxAgeMs }) };
}

/**
 * Lets an artifact's content be read through the cache. `null` where there is nothing to gain (a folder), or the manifest has
 * switched it off. Where some environment verifies signatures, only what was verified is kept.
 */
export async function throughCache(
  target: ArtifactTarget,
  env: NodeJS.ProcessEnv,
): Promise<CachedStore | null> {
  const { manifest, store } = target;
  if (/^oci-(?:layout|archive):/.test(store.repository)) return null;
  if (manifest?.registry.cache?.enabled === false) return null;
  const { withCache } = await import("@floe/oci/cache");
  const { cache } = await openContentCache(manifest, env);
  const verifies = manifest?.environments.some(
    (environment) => environment.verification.enforcement !== "off",
  );
  return withCache(store, cache, { admits: verifies === true ? "verified" : "everything" });
}
