import {
  type Descriptor,
  type Digest,
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
} from "@floe/core/model";

/** A layer to build. */
export interface LayerInput {
  readonly content: string | Uint8Array;
  /** Default `application/octet-stream`. */
  readonly mediaType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an artifact is built of. */
export interface ArtifactInput {
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default `application/vnd.floe.test.artifact.v1`. */
  readonly artifactType?: string;
  /** Default one small layer. */
  readonly layers?: readonly LayerInput[];
  /** Makes the artifact a referrer of another. */
  readonly subject?: Descriptor;
}

/** An artifact in memory: the same input gives the same bytes. */
export interface BuiltArtifact {
  readonly descriptor: Descriptor;
  /** The manifest. */
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  /** The blobs that the manifest refers to, config included. */
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
}

const encoder = new TextEncoder();

/** Builds an artifact manifest with an empty config (image-spec, "Guidelines for Artifact Usage"). */
export function buildArtifact(input: ArtifactInput = {}): BuiltArtifact {
  const artifactType = input.artifactType ?? "application/vnd.floe.test.artifact.v1";
  const layers = (input.layers ?? [{ content: "floe test layer" }]).map((layer) => {
    const bytes = typeof layer.content === "string" ? encoder.encode(layer.content) : layer.content;
    const descriptor: Descriptor = {
      mediaType: layer.mediaType ?? "application/octet-stream",
      digest: digestOf(bytes),
      size: bytes.length,
      ...(layer.annotations === undefined ? {} : { annotations: layer.annotations }),
    };
    return { descriptor, bytes };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: layers.map((layer) => layer.descriptor),
    subject: input.subject && {
      mediaType: input.subject.mediaType,
      digest: input.subject.digest,
      size: input.subject.size,
    },
    annotations: input.annotations,
  };
  const bytes = encoder.encode(JSON.stringify(manifest));
  const digest: Digest = digestOf(bytes);
  return {
    descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest, size: bytes.length, artifactType },
    bytes,
    mediaType: MEDIA_TYPES.ociManifest,
    blobs: [{ descriptor: EMPTY_DESCRIPTOR, bytes: EMPTY_BLOB }, ...layers],
  };
}
