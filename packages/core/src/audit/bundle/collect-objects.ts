import { MEDIA_TYPES } from "../../model/descriptor.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import type { ArtifactStore, CallOptions } from "../../ports/index.ts";

/** A manifest or blob that goes into a bundle. */
export interface CollectedObject {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Collects what is signed beside artifacts; everything once. */
export interface ObjectCollector {
  /** Takes manifests along, with the blobs that they are made of. Those that are not there are left out. */
  manifests(digests: readonly Digest[], store: ArtifactStore, options: CallOptions): Promise<void>;
  /** Takes the manifests of artifacts along, without their content, and what is signed about them. */
  referrers(digests: readonly Digest[], store: ArtifactStore, options: CallOptions): Promise<void>;
  /** In the order of their digests. */
  all(): CollectedObject[];
}

/** Larger blobs, such as SBOMs of images, are left where they are. */
const MAX_BLOB_BYTES = 4 * 1024 * 1024;
const MAX_REFERRERS = 200;
const MAX_LAYERS = 16;
const AT_ONCE = 8;

/**
 * Makes a collector.
 * @param left - is told what was left out
 */
export function createObjectCollector(left: string[]): ObjectCollector {
  const objects = new Map<Digest, CollectedObject>();
  const seen = new Set<Digest>();

  async function manifest(
    digest: Digest,
    store: ArtifactStore,
    take: (json: ManifestParts) => boolean,
    options: CallOptions,
  ): Promise<void> {
    if (seen.has(digest)) return;
    const found = await store.getManifest(digest, options);
    if (!found) return;
    const json = partsOf(found.bytes);
    const { mediaType } = found.descriptor;
    if (!take(json)) return;
    seen.add(digest);
    objects.set(digest, { digest, mediaType, bytes: found.bytes });
    for (const part of json.parts.slice(0, MAX_LAYERS)) {
      if (objects.has(part.digest)) continue;
      if (part.size > MAX_BLOB_BYTES) {
        left.push(`${part.digest} has ${part.size} bytes, more than ${MAX_BLOB_BYTES}`);
        continue;
      }
      if (!(await store.hasBlob(part.digest, options))) continue;
      const bytes = await store.getBlob(part, { ...options, maxBytes: MAX_BLOB_BYTES });
      objects.set(part.digest, { digest: part.digest, mediaType: part.mediaType, bytes });
    }
  }

  return {
    async manifests(digests, store, options) {
      await inTurns(digests, (digest) => manifest(digest, store, () => true, options));
    },
    async referrers(digests, store, options) {
      await inTurns(digests, async (digest) => {
        if (seen.has(digest)) return;
        const artifact = await store.getManifest(digest, options);
        if (!artifact) return;
        seen.add(digest);
        const { mediaType } = artifact.descriptor;
        objects.set(digest, { digest, mediaType, bytes: artifact.bytes });
        const referrers = await store.referrers(digest, options);
        if (referrers.length > MAX_REFERRERS)
          left.push(`${referrers.length - MAX_REFERRERS} referrers of ${digest}`);
        const first = referrers.map((one) => one.digest).sort();
        for (const referrer of first.slice(0, MAX_REFERRERS))
          await manifest(referrer, store, ({ isSigned }) => isSigned, options);
      });
    },
    all: () => [...objects.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  };
}

interface ManifestParts {
  readonly parts: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly mediaType: string;
  }[];
  /** It holds a signed bundle. */
  readonly isSigned: boolean;
}

function partsOf(bytes: Uint8Array): ManifestParts {
  let json: { readonly config?: unknown; readonly layers?: unknown } | null;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as typeof json;
  } catch {
    return { parts: [], isSigned: false };
  }
  const layers: unknown[] = Array.isArray(json?.layers) ? json.layers : [];
  const parts = [...layers, json?.config].flatMap((one) => {
    const { digest, size, mediaType } = (one ?? {}) as {
      readonly [member in "digest" | "size" | "mediaType"]?: unknown;
    };
    return isDigest(digest) && typeof size === "number" && typeof mediaType === "string"
      ? [{ digest, size, mediaType }]
      : [];
  });
  return { parts, isSigned: parts[0]?.mediaType === MEDIA_TYPES.sigstoreBundle };
}

async function inTurns<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  for (let index = 0; index < items.length; index += AT_ONCE)
    await Promise.all(items.slice(index, index + AT_ONCE).map(work));
}
