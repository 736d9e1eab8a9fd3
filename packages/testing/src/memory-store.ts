import { FloeError } from "@floe/core/errors";
import {
  type Descriptor,
  type Digest,
  digestOf,
  hasDigest,
  isDigest,
  isTag,
} from "@floe/core/model";
import type { ArtifactStore, BlobSource, CallOptions, ManifestInput } from "@floe/core/ports";
import { emptyContent, type MemoryContent, readLinks } from "./memory-content.ts";

const DEFAULT_MAX_BLOB_BYTES = 4 * 1024 * 1024;

/** One change of a memory store's content; a call that changes nothing (`unchanged`, `taken`) makes none. */
export interface MemoryWrite {
  readonly kind: "blob" | "manifest" | "tag" | "untag" | "delete";
  /** Tag for `tag` and `untag`, digest for the others. `delete`: a manifest with its tags. */
  readonly target: string;
  /** What is written; for `untag` what the tag held. */
  readonly digest: Digest;
}

/** One call of a memory store, as {@link MemoryStore.fail} sees it. */
export interface MemoryCall {
  readonly operation: Exclude<keyof ArtifactStore, symbol>;
  /** Tag, digest or prefix; empty where the call has none. */
  readonly target: string;
}

/** Options of {@link createMemoryStore}; every one may be left out. */
export interface MemoryStoreOptions {
  /** Default `memory/app`. */
  readonly repository?: string;
  /**
   * Default `atomic`. With `compare-then-put` racing writers of one tag can both believe that they won, as on a
   * plain registry: hold one of them in `onWrite` until the other is done.
   */
  readonly tagCreation?: ArtifactStore["tagCreation"];
  /** The store's clock. Default: the system's. */
  readonly now?: () => Date;
  /**
   * Called before a write takes effect, with its ordinal on this handle from 1. If it throws, nothing is written
   * and the call rejects with what it threw: a crash before the Nth write.
   */
  readonly onWrite?: (ordinal: number, what: MemoryWrite) => void | Promise<void>;
  /** Called after a write took effect. If it throws, the write stays: an answer that got lost. */
  readonly afterWrite?: (ordinal: number, what: MemoryWrite) => void | Promise<void>;
}

/** An {@link ArtifactStore} in memory, with the means to look into it and to break it. */
export interface MemoryStore extends ArtifactStore {
  /**
   * Makes matching calls reject: `true` with FLOE_REGISTRY_UNAVAILABLE, an Error with that error. Returns the
   * function that ends it.
   */
  fail(predicate: (call: MemoryCall) => boolean | Error | undefined): () => void;
  /** Another handle on the same content without this one's hooks and failures: what the next process sees. */
  reopen(options?: Omit<MemoryStoreOptions, "repository" | "tagCreation">): MemoryStore;
  /** The tags and what they hold, to compare before and after. */
  tags(): Readonly<Record<string, Digest>>;
}

/**
 * Makes a repository in memory for tests of everything above the store. Like a real registry it keeps bytes,
 * refuses manifests whose blobs are absent, creates tags with one winner, and computes referrers from the manifests.
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return openContent(emptyContent(), options);
}

function openContent(content: MemoryContent, options: MemoryStoreOptions): MemoryStore {
  const repository = options.repository ?? "memory/app";
  const tagCreation = options.tagCreation ?? "atomic";
  const failures = new Set<(call: MemoryCall) => boolean | Error | undefined>();
  let requests = 0;
  let writes = 0;
  let begun = 0;

  /** Every call starts here: it gives way to other tasks once, as I/O would, so that races are real. */
  async function enter(
    operation: MemoryCall["operation"],
    target: string,
    { signal }: CallOptions,
  ): Promise<void> {
    signal.throwIfAborted();
    requests += 1;
    await Promise.resolve();
    for (const predicate of failures) {
      const failure = predicate({ operation, target });
      if (failure instanceof Error) throw failure;
      if (failure === true) throw unavailable(operation, target);
    }
    signal.throwIfAborted();
  }

  /** Runs one write with its hooks; `effect` is synchronous, hence atomic, and says false if it changed nothing. */
  async function write(what: MemoryWrite, effect: () => boolean): Promise<boolean> {
    begun += 1;
    const ordinal = begun;
    await options.onWrite?.(ordinal, what);
    if (!effect()) return false;
    writes += 1;
    await options.afterWrite?.(ordinal, what);
    return true;
  }

  function lookUp(reference: string): Digest | null {
    return isDigest(reference) ? reference : (content.tags.get(reference) ?? null);
  }

  function describe(digest: Digest | null): Descriptor | null {
    const kept = digest === null ? undefined : content.manifests.get(digest);
    if (digest === null || kept === undefined) return null;
    return { mediaType: kept.mediaType, digest, size: kept.bytes.byteLength };
  }

  function keep(manifest: ManifestInput): Descriptor {
    const descriptor = describeInput(manifest);
    checkManifest(content, manifest);
    if (!content.manifests.has(descriptor.digest)) {
      content.manifests.set(descriptor.digest, {
        bytes: new Uint8Array(manifest.bytes),
        mediaType: manifest.mediaType,
      });
    }
    return descriptor;
  }

  async function putTag(tag: string, manifest: ManifestInput, onlyIfAbsent: boolean) {
    const descriptor = describeInput(manifest);
    return await write({ kind: "tag", target: tag, digest: descriptor.digest }, () => {
      // The check is part of the effect: between it and the change nothing else can run.
      if (onlyIfAbsent && content.tags.has(tag)) return false;
      keep(manifest);
      content.tags.set(tag, descriptor.digest);
      return true;
    });
  }

  const store: MemoryStore = {
    repository,
    tagCreation,
    get stats() {
      return { requests, writes };
    },
    now: () => (options.now ?? (() => new Date()))(),

    async resolve(reference, call) {
      await enter("resolve", reference, call);
      return describe(lookUp(reference));
    },

    async getManifest(reference, call) {
      await enter("getManifest", reference, call);
      const descriptor = describe(lookUp(reference));
      const kept = descriptor && content.manifests.get(descriptor.digest);
      return descriptor && kept ? { descriptor, bytes: new Uint8Array(kept.bytes) } : null;
    },

    async putManifest(manifest, call) {
      const descriptor = describeInput(manifest);
      await enter("putManifest", descriptor.digest, call);
      await write(
        { kind: "manifest", target: descriptor.digest, digest: descriptor.digest },
        () => {
          keep(manifest);
          return true;
        },
      );
      return descriptor;
    },

    async createTag(tag, manifest, call) {
      checkTag(tag);
      await enter("createTag", tag, call);
      const descriptor = describeInput(manifest);
      const answer = (digest: Digest) =>
        digest === descriptor.digest
          ? ({ status: "unchanged", descriptor } as const)
          : ({ status: "taken", digest } as const);
      const before = content.tags.get(tag);
      if (before !== undefined) return answer(before);
      const created = await putTag(tag, manifest, tagCreation === "atomic");
      const after = content.tags.get(tag);
      if (after !== undefined && (!created || after !== descriptor.digest)) return answer(after);
      return { status: "created", descriptor };
    },

    async moveTag(tag, manifest, call) {
      checkTag(tag);
      await enter("moveTag", tag, call);
      const { digest } = describeInput(manifest);
      const previous = content.tags.get(tag) ?? null;
      if (previous === digest) return { status: "unchanged", previous };
      if (call.expect !== undefined && call.expect !== previous)
        throw moved(tag, call.expect, previous);
      await putTag(tag, manifest, false);
      await Promise.resolve();
      const now = content.tags.get(tag) ?? null;
      if (now !== digest) throw moved(tag, digest, now);
      return { status: "moved", previous };
    },

    async listTags(call) {
      await enter("listTags", call.prefix ?? "", call);
      return [...content.tags.keys()].filter((tag) => tag.startsWith(call.prefix ?? ""));
    },

    async deleteTag(tag, call) {
      await enter("deleteTag", tag, call);
      const digest = content.tags.get(tag);
      if (digest === undefined) return;
      await write({ kind: "untag", target: tag, digest }, () => content.tags.delete(tag));
    },

    async deleteManifest(digest, call) {
      await enter("deleteManifest", digest, call);
      if (!content.manifests.has(digest)) return false;
      return await write({ kind: "delete", target: digest, digest }, () => {
        for (const [tag, held] of content.tags) if (held === digest) content.tags.delete(tag);
        return content.manifests.delete(digest);
      });
    },

    async hasBlob(digest, call) {
      await enter("hasBlob", digest, call);
      return content.blobs.has(digest);
    },

    async getBlob(descriptor, call) {
      await enter("getBlob", descriptor.digest, call);
      const max = call.maxBytes ?? DEFAULT_MAX_BLOB_BYTES;
      return new Uint8Array(findBlob(content, descriptor, max));
    },

    async *openBlob(descriptor, call) {
      await enter("openBlob", descriptor.digest, call);
      const bytes = findBlob(content, descriptor, Number.MAX_SAFE_INTEGER);
      for (let start = 0; start < bytes.byteLength; start += 64 * 1024) {
        call.signal.throwIfAborted();
        yield bytes.slice(start, start + 64 * 1024);
      }
    },

    async putBlob(descriptor, source, call) {
      const { digest } = descriptor;
      await enter("putBlob", digest, call);
      if (content.blobs.has(digest)) return;
      const bytes = await readAll(source);
      if (!hasDigest(bytes, digest) || bytes.byteLength !== descriptor.size) {
        throw new FloeError({
          code: "FLOE_DIGEST_MISMATCH",
          message: `${bytes.byteLength} bytes are not the blob ${digest} of ${descriptor.size} bytes`,
        });
      }
      await write({ kind: "blob", target: digest, digest }, () => {
        // A copy: slice() of a Buffer would be a view of the caller's bytes.
        content.blobs.set(digest, new Uint8Array(bytes));
        return true;
      });
    },

    async referrers(digest, call) {
      await enter("referrers", digest, call);
      return listReferrers(content, digest);
    },

    async attach(manifest, call) {
      const descriptor = describeInput(manifest);
      if (call.tag !== undefined) checkTag(call.tag);
      await enter("attach", call.tag ?? descriptor.digest, call);
      if (readLinks(manifest.bytes).subject === null)
        throw refused("a manifest without subject cannot be attached");
      if (call.tag === undefined) {
        const { digest } = descriptor;
        await write({ kind: "manifest", target: digest, digest }, () => {
          keep(manifest);
          return true;
        });
        return descriptor;
      }
      const holds = () => content.tags.get(call.tag ?? "");
      if (holds() === undefined) await putTag(call.tag, manifest, true);
      if (holds() !== descriptor.digest) {
        throw new FloeError({
          code: "FLOE_TAG_IMMUTABLE",
          message: `tag ${call.tag} already holds ${holds() ?? "nothing"}, not ${descriptor.digest}`,
        });
      }
      return descriptor;
    },

    fail(predicate) {
      failures.add(predicate);
      return () => {
        failures.delete(predicate);
      };
    },
    reopen: (again = {}) => openContent(content, { ...again, repository, tagCreation }),
    tags: () => Object.fromEntries([...content.tags].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return store;
}

function describeInput({ bytes, mediaType }: ManifestInput): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

function checkTag(tag: string): void {
  if (isTag(tag)) return;
  throw new FloeError({
    code: "FLOE_TAG_INVALID",
    message: `${JSON.stringify(tag)} is not a tag`,
  });
}

/** What a registry checks before it accepts a manifest. A missing subject is allowed (distribution-spec). */
function checkManifest(content: MemoryContent, { bytes, mediaType }: ManifestInput): void {
  const links = readLinks(bytes);
  if (links.mediaType !== null && links.mediaType !== mediaType)
    throw refused(`manifest says ${links.mediaType} and was sent as ${mediaType}`);
  for (const digest of links.blobs)
    if (!isDigest(digest) || !content.blobs.has(digest)) throw refused(`blob ${digest} is unknown`);
  for (const digest of links.manifests)
    if (!isDigest(digest) || !content.manifests.has(digest))
      throw refused(`manifest ${digest} is unknown`);
}

/** Sorted by digest, so that nothing can come to rely on the order of writing. */
function listReferrers(content: MemoryContent, subject: Digest): Descriptor[] {
  const found: Descriptor[] = [];
  for (const [digest, { bytes, mediaType }] of content.manifests) {
    const links = readLinks(bytes);
    if (links.subject !== subject) continue;
    found.push({
      mediaType,
      digest,
      size: bytes.byteLength,
      ...(links.artifactType === null ? {} : { artifactType: links.artifactType }),
      ...(links.annotations === null ? {} : { annotations: links.annotations }),
    });
  }
  return found.sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function findBlob(content: MemoryContent, descriptor: Descriptor, maxBytes: number): Uint8Array {
  const bytes = content.blobs.get(descriptor.digest);
  if (bytes === undefined) {
    throw new FloeError({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: `no blob ${descriptor.digest}`,
    });
  }
  if (Math.max(bytes.byteLength, descriptor.size) > maxBytes) {
    throw new FloeError({
      code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
      message: `blob ${descriptor.digest} is larger than ${maxBytes} bytes`,
    });
  }
  if (bytes.byteLength !== descriptor.size) {
    throw new FloeError({
      code: "FLOE_DIGEST_MISMATCH",
      message: `blob ${descriptor.digest} has ${bytes.byteLength} bytes, not ${descriptor.size}`,
    });
  }
  return bytes;
}

async function readAll(source: BlobSource | Uint8Array): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  const chunks: Uint8Array[] = [];
  for await (const chunk of source()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function unavailable(operation: string, target: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message: `the memory store was told to fail ${operation} ${target}`.trimEnd(),
  });
}

function refused(reason: string): FloeError {
  return new FloeError({ code: "FLOE_REGISTRY_RESPONSE_INVALID", message: reason });
}

function moved(tag: string, wanted: Digest | null, holds: Digest | null): FloeError {
  return new FloeError({
    code: "FLOE_TAG_MOVED",
    message: `tag ${tag} holds ${holds ?? "nothing"}, not ${wanted ?? "nothing"}`,
  });
}
