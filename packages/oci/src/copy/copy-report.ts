import type { Descriptor, Digest } from "@floe/core/model";

/** A tag to give at the destination. */
export interface CopyTag {
  readonly tag: string;
  /** `true`: moved to the copy wherever it was; `false`: created once, never moved. */
  readonly mutable: boolean;
}

/** How far a copy is. What the destination had already counts as done. */
export interface CopyProgress {
  readonly blobs: number;
  readonly blobsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** What became of a tag. */
export interface CopiedTag {
  readonly tag: string;
  readonly status: "created" | "moved" | "unchanged";
}

/** What a copy did. */
export interface CopyReport {
  /** Of what was copied: with a platform, of that one manifest. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** What the reference named at the source. */
  readonly sourceDigest: Digest;
  readonly manifests: { readonly copied: number; readonly skipped: number };
  readonly blobs: { readonly copied: number; readonly mounted: number; readonly skipped: number };
  /** Bytes of blobs that were sent. */
  readonly bytes: number;
  /** How many manifests are attached at the destination, by artifact type. */
  readonly referrers: Readonly<Record<string, number>>;
  /** cosign's tags, and then the tags that were asked for, in their order. */
  readonly tags: readonly CopiedTag[];
  /** Layers that name other places; they were left where they are. */
  readonly foreignLayers: readonly Descriptor[];
  readonly warnings: readonly string[];
}
