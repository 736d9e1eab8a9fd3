import { type Descriptor, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "./descriptor.ts";
import { type Digest, digestOf } from "./digest.ts";

/** A referrer manifest that holds one sigstore bundle. */
export interface BundleManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  /** The blob that must be in the repository before the manifest: the bundle itself. */
  readonly layer: Descriptor;
}

/**
 * Lays out the manifest that attaches a signed statement to an artifact the way cosign 3 does: artifactType and the
 * one layer are the bundle's media type, `subject` is the artifact. Pure; the same input gives the same bytes.
 *
 * `config` is what else the statement rests on, which has to be in the repository before: a registry keeps it as long as
 * the manifest, and copies take it along. Default: the empty one.
 */
export function bundleManifest(input: {
  readonly subject: Descriptor;
  readonly bundle: Uint8Array;
  readonly predicateType: string;
  readonly created: Date;
  readonly config?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}): BundleManifest {
  const layer: Descriptor = {
    mediaType: MEDIA_TYPES.sigstoreBundle,
    digest: digestOf(input.bundle),
    size: input.bundle.byteLength,
  };
  const { mediaType, digest, size } = input.subject;
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.sigstoreBundle,
    config: input.config ?? EMPTY_DESCRIPTOR,
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": input.predicateType,
      ...input.annotations,
      "org.opencontainers.image.created": input.created.toISOString(),
    },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return { bytes, mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), layer };
}
