import { type Descriptor, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "./descriptor.ts";
import { type Digest, digestOf, hasDigest } from "./digest.ts";

/** A referrer manifest that holds one sigstore bundle. */
export interface BundleManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  /** The blob that must be in the repository before the manifest: the bundle itself. */
  readonly layer: Descriptor;
}

/** Larger bundles are not embedded: registries limit manifests, and lists of referrers are read a manifest at a time. */
const EMBEDDED_BYTES = 8192;

/** The bytes that a descriptor embeds, if they are those that it describes; `null`: there are none. */
export function embeddedBytes(described: unknown, { digest, size }: Descriptor): Uint8Array | null {
  const { data } = (described ?? {}) as { readonly data?: unknown };
  if (typeof data !== "string" || data.length > 2 * EMBEDDED_BYTES) return null;
  const bytes = Buffer.from(data, "base64");
  return bytes.byteLength === size && hasDigest(bytes, digest) ? bytes : null;
}

/**
 * Lays out the manifest that attaches a signed statement to an artifact the way cosign 3 does: artifactType and the
 * one layer are the bundle's media type, `subject` is the artifact. Pure; the same input gives the same bytes.
 *
 * `embeds` puts a small bundle into the manifest as well (image-spec, "Content Descriptors", `data`), so that whoever reads the
 * manifest has it.
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
  readonly embeds?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}): BundleManifest {
  const layer: Descriptor = {
    mediaType: MEDIA_TYPES.sigstoreBundle,
    digest: digestOf(input.bundle),
    size: input.bundle.byteLength,
  };
  const embeds = input.embeds === true && input.bundle.byteLength <= EMBEDDED_BYTES;
  const { mediaType, digest, size } = input.subject;
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.sigstoreBundle,
    config: input.config ?? EMPTY_DESCRIPTOR,
    layers: [embeds ? { ...layer, data: Buffer.from(input.bundle).toString("base64") } : layer],
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
