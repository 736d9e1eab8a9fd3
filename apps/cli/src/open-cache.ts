import { homedir } from "node:os";
import { join } from "node:path";
import type { Logger, Manifest, RegistryConfig, VerificationResult } from "@floe/core";
import type { Digest } from "@floe/core/model";
import type { Telemetry } from "@floe/core/ports";
import type { BlobCache, CachedStore } from "@floe/oci";
import type { ProofCache } from "@floe/signing";
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
  const path = config.path ?? join(userCache(env), "content");
  return { path, maxBytes, maxAgeMs, cache: createBlobCache({ path, maxBytes, maxAgeMs }) };
}

/** The user's own cache folder for floe (XDG Base Directory). */
function userCache(env: NodeJS.ProcessEnv): string {
  const base = env["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  return join(base?.startsWith("/") ? base : join(env["HOME"] ?? homedir(), ".cache"), "floe");
}

/**
 * Opens the cache of what certificates proved; `undefined` when the manifest has switched caches off. It is always the
 * user's own, never where the manifest has content kept: others may write there.
 */
export async function openProofCache(
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
  logger: Pick<Logger, "warn">,
): Promise<ProofCache | undefined> {
  if (manifest?.registry.cache?.enabled === false) return undefined;
  const { createProofCache } = await import("@floe/signing");
  return createProofCache({
    path: join(userCache(env), "proofs"),
    now: () => new Date(),
    warn: (message) => logger.warn(message),
  });
}

/** Keeps what a verification rested on: the artifact's manifest, and the signatures that counted. */
export async function admitVerified(
  cached: CachedStore | null,
  digest: Digest,
  result: VerificationResult,
): Promise<void> {
  if (cached === null || result.status !== "valid") return;
  await cached.admit(digest);
  for (const { satisfiedBy } of result.requirements)
    for (const { referrer } of satisfiedBy) await cached.admit(referrer);
}

/**
 * Lets an artifact's content be read through the cache. `null` where there is nothing to gain (a folder), or the manifest has
 * switched it off. Where some environment verifies signatures, only what was verified is kept.
 */
export async function throughCache(
  target: Pick<ArtifactTarget, "manifest" | "store">,
  env: NodeJS.ProcessEnv,
  telemetry?: Telemetry,
): Promise<CachedStore | null> {
  const { manifest, store } = target;
  if (/^oci-(?:layout|archive):/.test(store.repository)) return null;
  if (manifest?.registry.cache?.enabled === false) return null;
  const { withCache } = await import("@floe/oci/cache");
  const { cache } = await openContentCache(manifest, env);
  const verifies = manifest?.environments.some(
    (environment) => environment.verification.enforcement !== "off",
  );
  return withCache(store, cache, {
    admits: verifies === true ? "verified" : "everything",
    telemetry,
  });
}
