import type { RawManifest } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { buildArtifact } from "@floe/testing";

/** The signal of calls that nothing aborts. */
export const call = { signal: new AbortController().signal };

/** Stores an artifact; another name is another artifact. */
export async function storeArtifact(store: ArtifactStore, name = "app"): Promise<RawManifest> {
  const { blobs, bytes, mediaType, descriptor } = buildArtifact({ annotations: { name } });
  for (const blob of blobs) await store.putBlob(blob.descriptor, blob.bytes, call);
  await store.putManifest({ bytes, mediaType }, call);
  return { bytes, descriptor };
}
