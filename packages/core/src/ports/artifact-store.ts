import type { Descriptor, RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";

/** Options of every call that does I/O. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** A manifest to be written. `mediaType` is sent as given and the bytes are stored as given. */
export interface ManifestInput {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Answer to {@link ArtifactStore.createTag}. */
export type CreateTagResult =
  | { readonly status: "created"; readonly descriptor: Descriptor }
  /** The tag holds this very digest already. */
  | { readonly status: "unchanged"; readonly descriptor: Descriptor }
  /** The tag holds another digest; nothing was written. */
  | { readonly status: "taken"; readonly digest: Digest };

/** Counts of what was asked of a store, for budgets and for the `registry_requests` of JSON outputs. */
export interface StoreStats {
  /** HTTP requests; for a folder, operations that touch the disk. */
  readonly requests: number;
  readonly writes: number;
}

/** Where blob bytes for {@link ArtifactStore.putBlob} come from; called again when an upload has to be restarted. */
export type BlobSource = () => AsyncIterable<Uint8Array>;

/**
 * One repository of OCI artifacts: a registry repository over HTTP or an OCI image-layout folder.
 *
 * Every implementation keeps raw manifest bytes, computes digests over bytes and compares what it reads with the
 * digest under which it asked. Absent is `null`; trouble throws.
 */
export interface ArtifactStore extends Partial<AsyncDisposable> {
  /** The repository without credentials, tag or scheme: `harbor.example.com/acme/app`, `oci-layout:.floe/registry`. */
  readonly repository: string;
  /** `atomic`: createTag has exactly one winner. `compare-then-put`: two writers may both believe that they won. */
  readonly tagCreation: "atomic" | "compare-then-put";
  readonly stats: StoreStats;
  /** The store's clock: a registry's `Date` header carried forward, else the local clock. */
  now(): Date;

  /** Looks up a tag or digest without fetching the content. */
  resolve(reference: string, options: CallOptions): Promise<Descriptor | null>;
  /** Fetches a manifest by tag or digest; its digest is computed over the bytes. */
  getManifest(reference: string, options: CallOptions): Promise<RawManifest | null>;
  /** Stores a manifest under its digest only. */
  putManifest(manifest: ManifestInput, options: CallOptions): Promise<Descriptor>;
  /**
   * Puts a manifest under an immutable tag: created, unchanged, or taken by another digest; never overwrites.
   * `contentNamed: true` says that nobody else can mean another content by this tag, because its name contains the
   * content's hash or the caller's own random identifier; comparing before and after would prove nothing, and an HTTP
   * store then sends one PUT. `exclusive: true` says that rivals are kept out by other means: it then looks before it
   * writes, and not again afterwards.
   */
  createTag(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly contentNamed?: boolean; readonly exclusive?: boolean },
  ): Promise<CreateTagResult>;
  /**
   * Moves a mutable tag and reads it back. A tag that holds the digest already is `unchanged`, wherever it was expected:
   * of two who finish the same work, the slower one has nothing left to do. `exclusive: true` says that the caller has seen
   * it at `expect` and that rivals are kept out by other means: an HTTP store then only reads it back.
   * @throws {FloeError} FLOE_TAG_MOVED - the tag was neither at `expect` (`null`: absent) nor at the new digest before, or not at the new digest after
   */
  moveTag(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly expect?: Digest | null; readonly exclusive?: boolean },
  ): Promise<{ readonly status: "moved" | "unchanged"; readonly previous: Digest | null }>;
  /** All tags, unsorted, floe's own among them; with `prefix` only those that start so. */
  listTags(options: CallOptions & { readonly prefix?: string }): Promise<string[]>;
  deleteTag(tag: string, options: CallOptions): Promise<void>;
  /**
   * Deletes a manifest by its digest, and with it every tag that holds it; `false` when there was none.
   * @throws {FloeError} FLOE_REGISTRY_UNSUPPORTED - the registry does not let manifests be deleted
   */
  deleteManifest?(digest: Digest, options: CallOptions): Promise<boolean>;

  hasBlob(digest: Digest, options: CallOptions): Promise<boolean>;
  /**
   * Takes a blob over from another repository of the same registry without sending it (distribution-spec 1.1, "Mounting a
   * blob from another repository"). `from` is that store's `repository`. `false`: it has to be uploaded.
   */
  mountBlob?(descriptor: Descriptor, from: string, options: CallOptions): Promise<boolean>;
  /** Reads a small blob whole, checked. @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - larger than `maxBytes` (default 4 MiB) */
  getBlob(
    descriptor: Descriptor,
    options: CallOptions & { readonly maxBytes?: number },
  ): Promise<Uint8Array>;
  /** Streams a blob; the iteration throws FLOE_DIGEST_MISMATCH before it ends if the bytes are not those of the digest. */
  openBlob(descriptor: Descriptor, options: CallOptions): AsyncIterable<Uint8Array>;
  /**
   * Stores a blob; nothing is sent when the store has it. `absent: true` says that it was looked for, or that it is not to
   * be expected there: an HTTP store then sends it without asking first, and small ones in one request where the registry takes
   * that.
   */
  putBlob(
    descriptor: Descriptor,
    source: BlobSource | Uint8Array,
    options: CallOptions & { readonly absent?: boolean },
  ): Promise<void>;

  /**
   * The manifests whose `subject` is the given digest. Descriptors' artifactType and annotations are hints of
   * whoever wrote them, never evidence. Trouble throws; it is never "none". `unread: true` is for who reads the manifests
   * and checks their subjects: where all there is is a list that anybody may write, its entries are given as they stand.
   */
  referrers(
    digest: Digest,
    options: CallOptions & { readonly unread?: boolean },
  ): Promise<Descriptor[]>;
  /**
   * Puts a manifest that has a `subject`, under its digest and, with `tag`, under an immutable tag, and makes it findable by
   * `referrers`. So are the manifests `alongside`, which have the same subject and are stored already: where that takes
   * the writing of a list, one write does for all.
   */
  attach(
    manifest: ManifestInput,
    options: CallOptions & {
      readonly tag?: string;
      readonly contentNamed?: boolean;
      readonly alongside?: readonly ManifestInput[];
    },
  ): Promise<Descriptor>;
}
