import type { RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { type ArtifactInput, buildArtifact } from "@floe/testing";

/** Builds an artifact and stores it through floe's own store under a new tag. */
export async function putArtifact(
  store: ArtifactStore,
  tag: string,
  input: ArtifactInput,
  { signal }: CallOptions,
): Promise<RawManifest> {
  const { blobs, bytes, descriptor, mediaType } = buildArtifact(input);
  for (const blob of blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
  const { status } = await store.createTag(tag, { bytes, mediaType }, { signal });
  if (status !== "created") throw new Error(`${tag} was there already`);
  return { descriptor, bytes };
}
