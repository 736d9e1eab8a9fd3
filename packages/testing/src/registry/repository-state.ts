import { createHash } from "node:crypto";
import type { Descriptor, Digest } from "@floe/core/model";

/** A manifest as stored. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** An upload that was started and not finished. */
export interface UploadSession {
  readonly chunks: Uint8Array[];
  size: number;
  /** Changes with every chunk; the `Location` carries it, so that a client which keeps an old one is found out. */
  state: number;
  /** The last chunk was shorter than chunks must be, so that it can only have been the last of all. */
  isShort: boolean;
}

/** Everything that one repository holds. */
export interface RepositoryState {
  readonly blobs: Map<string, Uint8Array>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly uploads: Map<string, UploadSession>;
}

/** An empty repository. */
export function emptyRepository(): RepositoryState {
  return { blobs: new Map(), manifests: new Map(), tags: new Map(), uploads: new Map() };
}

/** A repository of its own with the same contents; uploads that were not finished are left out. */
export function copyRepository(state: RepositoryState): RepositoryState {
  return {
    blobs: new Map(state.blobs),
    manifests: new Map(state.manifests),
    tags: new Map(state.tags),
    uploads: new Map(),
  };
}

/** The digest of bytes with the algorithm of another digest, or sha256. */
export function digestLike(bytes: Uint8Array, like?: string): Digest {
  const algorithm = like?.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** Looks up a manifest by tag or digest. */
export function findManifest(state: RepositoryState, reference: string): StoredManifest | null {
  const digest = reference.includes(":") ? reference : state.tags.get(reference);
  return digest === undefined ? null : (state.manifests.get(digest) ?? null);
}

interface ManifestJson {
  readonly schemaVersion?: unknown;
  readonly mediaType?: unknown;
  readonly artifactType?: unknown;
  readonly annotations?: unknown;
  readonly config?: { readonly digest?: unknown; readonly mediaType?: unknown };
  readonly layers?: readonly { readonly digest?: unknown; readonly urls?: unknown }[];
  readonly manifests?: readonly { readonly digest?: unknown }[];
  readonly subject?: { readonly digest?: unknown };
}

/** Reads a manifest's JSON, or `null` if it is none. */
export function readManifestJson(bytes: Uint8Array): ManifestJson | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** The digests that a manifest refers to and that the repository lacks. */
export function missingParts(state: RepositoryState, manifest: ManifestJson): string[] {
  const missing: string[] = [];
  const blobs = [manifest.config, ...(manifest.layers ?? []).filter((layer) => !layer.urls)];
  for (const blob of blobs) {
    if (typeof blob?.digest === "string" && !state.blobs.has(blob.digest)) {
      missing.push(blob.digest);
    }
  }
  for (const child of manifest.manifests ?? []) {
    if (typeof child.digest === "string" && !state.manifests.has(child.digest)) {
      missing.push(child.digest);
    }
  }
  return missing;
}

/** The descriptors that the referrers API lists for a subject. */
export function referrersOf(state: RepositoryState, subject: string): Descriptor[] {
  const found: Descriptor[] = [];
  for (const stored of state.manifests.values()) {
    const json = readManifestJson(stored.bytes);
    if (json?.subject?.digest !== subject) continue;
    const artifactType =
      typeof json.artifactType === "string" ? json.artifactType : json.config?.mediaType;
    found.push({
      mediaType: stored.mediaType,
      digest: stored.digest,
      size: stored.bytes.length,
      ...(typeof artifactType === "string" ? { artifactType } : {}),
      ...(typeof json.annotations === "object" && json.annotations !== null
        ? { annotations: json.annotations as Record<string, string> }
        : {}),
    });
  }
  return found;
}
