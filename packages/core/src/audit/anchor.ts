import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "../model/descriptor.ts";
import { type Digest, digestOf, isDigest } from "../model/digest.ts";
import { checkpointTag } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";

const MAX_NOTE_BYTES = 256 * 1024;

/** The newest checkpoint of an environment in its repository, as it stands there; `null`: there is none. */
export async function readAnchor(
  environment: string,
  store: ArtifactStore,
  options: CallOptions,
): Promise<{ readonly note: string; readonly manifest: Digest } | null> {
  const found = await store.getManifest(checkpointTag(environment), options);
  if (!found) return null;
  const manifest = found.descriptor.digest;
  let layer: { digest?: unknown; size?: unknown } | undefined;
  try {
    const json = JSON.parse(new TextDecoder().decode(found.bytes)) as { layers?: unknown };
    layer = Array.isArray(json.layers) ? json.layers[0] : undefined;
  } catch {
    return { note: "", manifest };
  }
  if (!isDigest(layer?.digest) || typeof layer.size !== "number") return { note: "", manifest };
  const descriptor = { mediaType: MEDIA_TYPES.note, digest: layer.digest, size: layer.size };
  const bytes = await store.getBlob(descriptor, { ...options, maxBytes: MAX_NOTE_BYTES });
  return { note: new TextDecoder().decode(bytes), manifest };
}

/**
 * Puts a signed checkpoint under the environment's tag.
 * @throws {FloeError} FLOE_TAG_MOVED - somebody else put one there meanwhile
 */
export async function writeAnchor(
  environment: string,
  note: string,
  before: Digest | null,
  store: ArtifactStore,
  options: CallOptions,
): Promise<Digest> {
  const bytes = new TextEncoder().encode(note);
  const layer = { mediaType: MEDIA_TYPES.note, digest: digestOf(bytes), size: bytes.byteLength };
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(layer, bytes, options);
  const manifest = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: MEDIA_TYPES.checkpoint,
      config: EMPTY_DESCRIPTOR,
      layers: [layer],
    }),
  );
  await store.moveTag(
    checkpointTag(environment),
    { bytes: manifest, mediaType: MEDIA_TYPES.ociManifest },
    { ...options, expect: before },
  );
  return digestOf(manifest);
}
