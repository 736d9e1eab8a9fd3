import { isFloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, isDigest, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions, Telemetry } from "@floe/core/ports";
import { FLOE_FACTS } from "@floe/core/telemetry";
import { readGraphNode } from "../copy/graph-node.ts";
import { readManifestFacts } from "../layout/manifest-facts.ts";
import type { BlobCache } from "./create-blob-cache.ts";

/** Larger blobs are read once and would push everything else out. */
const MAX_BLOB_BYTES = 4 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** What waits in memory for being admitted. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export { createBlobCache } from "./create-blob-cache.ts";

/** A store that reads through a cache. */
export interface CachedStore extends ArtifactStore {
  /** Says that the artifact of this digest, or a signature that counted, was verified: its manifest, and what that names, is kept. */
  admit(digest: Digest): Promise<void>;
}

/**
 * Reads content through a cache.
 *
 * What enters: with `admits: "verified"` a manifest enters only after {@link CachedStore.admit} was called for its digest,
 * which is for whoever has verified it; and everything else only if a manifest that is in the cache names it by its digest.
 * Bytes of an artifact that nobody verified are never written. With `admits: "everything"`, for projects that have switched
 * verification off, whatever is read is kept.
 *
 * What it answers: only which bytes a digest has, hashed again each time. Which digest a tag holds, whether a repository has
 * something, and what is attached to it is asked of the store every time, and nothing of a hit says that anything is signed.
 * So a wrong cache can cost time, never a wrong decision.
 */
export function withCache(
  store: ArtifactStore,
  cache: BlobCache,
  {
    admits,
    telemetry,
  }: { readonly admits: "verified" | "everything"; readonly telemetry?: Telemetry | undefined },
): CachedStore {
  const noteLookup = (content: "manifest" | "blob", hit: boolean): void =>
    telemetry?.measure("floe.cache.lookups", 1, {
      [FLOE_FACTS.content]: content,
      [FLOE_FACTS.hit]: hit,
    });
  const admitted = new Set<Digest>();
  const waiting = new Map<Digest, RawManifest>();
  // Small blobs that were read through a manifest that may still be admitted, such as signatures.
  const waitingBlobs = new Map<Digest, Uint8Array>();
  let waitingBytes = 0;

  /** Keeps a manifest that may be kept, and lets in what it names. */
  async function keep(raw: RawManifest): Promise<void> {
    await cache.put(raw.descriptor.digest, raw.bytes);
    for (const digest of admitParts(raw)) {
      const bytes = waitingBlobs.get(digest);
      if (bytes === undefined) continue;
      waitingBlobs.delete(digest);
      waitingBytes -= bytes.byteLength;
      await cache.put(digest, bytes);
    }
  }

  function admitParts(raw: RawManifest): readonly Digest[] {
    try {
      const { blobs, children } = readGraphNode(raw);
      for (const { digest } of blobs) admitted.add(digest);
      for (const { descriptor } of children) admitted.add(descriptor.digest);
      return blobs.map(({ digest }) => digest);
    } catch (error) {
      // Of a manifest that floe cannot read, nothing else is kept.
      if (!isFloeError(error)) throw error;
      return [];
    }
  }

  async function fromCache(digest: Digest): Promise<RawManifest | null> {
    const bytes = await cache.get(digest, MAX_MANIFEST_BYTES);
    const mediaType = bytes && readManifestFacts(bytes)?.mediaType;
    if (!bytes || !mediaType) return null;
    const raw = { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
    // It was admitted when it came in, by this process or by another one.
    admitParts(raw);
    return raw;
  }

  async function take(raw: RawManifest): Promise<void> {
    const { digest } = raw.descriptor;
    if (admits === "everything" || admitted.has(digest)) await keep(raw);
    else if ((await fromCache(digest)) === null) {
      if (waiting.has(digest) || waitingBytes + raw.bytes.byteLength > MAX_WAITING_BYTES) return;
      waiting.set(digest, raw);
      waitingBytes += raw.bytes.byteLength;
    }
  }

  async function getBlob(
    descriptor: Descriptor,
    options: CallOptions & { readonly maxBytes?: number },
  ): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    if (size > MAX_BLOB_BYTES) return await store.getBlob(descriptor, options);
    const known = await cache.get(digest, Math.min(size, options.maxBytes ?? MAX_BLOB_BYTES));
    const hit = known?.byteLength === size;
    noteLookup("blob", hit);
    if (hit) return known;
    const bytes = await store.getBlob(descriptor, options);
    if (admits === "everything" || admitted.has(digest)) await cache.put(digest, bytes);
    else if (!waitingBlobs.has(digest) && waitingBytes + size <= MAX_WAITING_BYTES) {
      waitingBlobs.set(digest, bytes);
      waitingBytes += size;
    }
    return bytes;
  }

  return {
    ...store,
    get stats() {
      return store.stats;
    },

    async getManifest(reference, options) {
      options.signal.throwIfAborted();
      const known = isDigest(reference) ? await fromCache(reference) : null;
      if (isDigest(reference)) noteLookup("manifest", known !== null);
      if (known !== null) return known;
      const raw = await store.getManifest(reference, options);
      if (raw !== null) await take(raw);
      return raw;
    },

    getBlob,

    openBlob(descriptor, options) {
      if (descriptor.size > MAX_BLOB_BYTES) return store.openBlob(descriptor, options);
      return (async function* whole() {
        yield await getBlob(descriptor, options);
      })();
    },

    async admit(digest) {
      admitted.add(digest);
      const raw = waiting.get(digest);
      if (raw === undefined) return;
      waiting.delete(digest);
      waitingBytes -= raw.bytes.byteLength;
      await keep(raw);
    },
  };
}
