import type { Digest } from "@floe/core/model";

/** A manifest as the memory store keeps it. */
export interface KeptManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** What a memory store holds: shared by all handles on it, as a registry is by its clients. */
export interface MemoryContent {
  readonly blobs: Map<Digest, Uint8Array>;
  readonly manifests: Map<Digest, KeptManifest>;
  readonly tags: Map<string, Digest>;
}

/** An empty repository. */
export function emptyContent(): MemoryContent {
  return { blobs: new Map(), manifests: new Map(), tags: new Map() };
}

/** What the store itself reads of a manifest: everything else is opaque bytes. */
export interface ManifestLinks {
  /** Digests of config and layers, which must be there before the manifest. */
  readonly blobs: readonly string[];
  /** Digests of an index's children, which must be there as well. */
  readonly manifests: readonly string[];
  readonly subject: string | null;
  readonly mediaType: string | null;
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>> | null;
}

interface ManifestJson {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly digest?: string; readonly mediaType?: string };
  readonly layers?: readonly { readonly digest?: string }[];
  readonly manifests?: readonly { readonly digest?: string }[];
  readonly subject?: { readonly digest?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads what a registry reads of a manifest (distribution-spec, "Pushing Manifests with Subject").
 * @throws {SyntaxError} not a JSON object
 */
export function readLinks(bytes: Uint8Array): ManifestLinks {
  const json = JSON.parse(new TextDecoder().decode(bytes)) as ManifestJson | null;
  if (typeof json !== "object" || json === null) throw new SyntaxError("manifest is no object");
  const digests = (list: readonly { readonly digest?: string }[] | undefined): string[] =>
    (list ?? []).map((entry) => String(entry.digest));
  return {
    blobs: [...digests(json.config ? [json.config] : []), ...digests(json.layers)],
    manifests: digests(json.manifests),
    subject: json.subject?.digest ?? null,
    mediaType: json.mediaType ?? null,
    artifactType: json.artifactType ?? json.config?.mediaType ?? null,
    annotations: json.annotations ?? null,
  };
}
