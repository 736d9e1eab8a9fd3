import { resolve as resolvePath } from "node:path";
import { FloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, digestOf, isDigest, isTag } from "@floe/core/model";
import type { ArtifactStore, CallOptions, ManifestInput } from "@floe/core/ports";
import { createIndexFile, type IndexChange, type IndexFile } from "./index-file.ts";
import { createLayoutBlobs, type LayoutBlobs, noBlob } from "./layout-blobs.ts";
import type { LayoutFolder } from "./layout-folder.ts";
import {
  emptyIndex,
  findTag,
  type IndexedManifest,
  type LayoutIndex,
  withManifest,
  withoutManifest,
  withoutTag,
  withTag,
} from "./layout-index.ts";
import { withLayoutLock } from "./layout-lock.ts";
import { createLayoutReferrers, type LayoutReferrers } from "./layout-referrers.ts";
import {
  checkManifest,
  MAX_MANIFEST_BYTES,
  type ManifestFacts,
  readManifestFacts,
  refused,
} from "./manifest-facts.ts";
import { makeLayout, noLayout, openLayout } from "./open-layout.ts";
import { invalidStore, toStoreError } from "./store-error.ts";

const DEFAULT_MAX_BLOB_BYTES = 4 * 1024 * 1024;
const DEFAULT_LOCK_TIMEOUT_MS = 30_000;

/** Options of {@link createLayoutStore}. */
export interface LayoutStoreOptions {
  /** The layout's folder; relative paths count from the working folder. */
  readonly path: string;
  /**
   * Default `false`: a folder that is absent or no layout is FLOE_STORE_INVALID. With `true` it reads as empty and
   * the first write makes it.
   */
  readonly create?: boolean;
  /** The path as the user wrote it, for messages and `repository`. Default `path`. */
  readonly uriAsWritten?: string;
  /** The store's clock. Default: the system's. */
  readonly now?: () => Date;
  /** 0 ≤ x < 1, for temporary names and the jitter of waiting. Default `Math.random`. */
  readonly random?: () => number;
  /** How long a write waits for other processes before FLOE_STORE_BUSY. Default 30 000. */
  readonly lockTimeoutMs?: number;
}

interface OpenLayout {
  readonly folder: LayoutFolder;
  readonly blobs: LayoutBlobs;
  readonly index: IndexFile;
  readonly referrers: LayoutReferrers;
}

/**
 * Opens an OCI image-layout folder (image-spec, `image-layout.md`) as a repository: floe's embedded registry.
 *
 * `index.json` alone says what is tagged, so what other tools write there is seen, and what floe does not know is
 * kept. Several processes may use the folder at once: every file appears whole, a write has reached the disk when its
 * call returns, and writers of the index take turns by a lock that dies with its process. Tools that know nothing of
 * the lock are noticed up to the moment of the rename.
 *
 * Nothing is opened before the first call, so making a store is free and cannot fail.
 *
 * @throws {FloeError} FLOE_STORE_INVALID - from any call: no layout, another version, `index.json` corrupted
 * @throws {FloeError} FLOE_STORE_BUSY - from writes: another process kept the lock for `lockTimeoutMs`
 * @throws {FloeError} FLOE_STORE_IO - from any call: the operating system refuses, for example ENOSPC or EACCES
 * @throws {FloeError} FLOE_TAG_INVALID - a reference or tag outside the grammar, before the disk is touched
 */
export function createLayoutStore(options: LayoutStoreOptions): ArtifactStore {
  const path = resolvePath(options.path);
  const written = options.uriAsWritten ?? options.path;
  const repository = written.startsWith("oci-layout:") ? written : `oci-layout:${written}`;
  const random = options.random ?? Math.random;
  const now = options.now ?? (() => new Date());
  const timeoutMs = options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS;
  let layout: OpenLayout | null = null;
  let requests = 0;
  let writes = 0;

  /** Every call goes through here: it is counted, and trouble with the disk gets its code. */
  async function call<Result>(
    { signal }: CallOptions,
    body: () => Promise<Result>,
  ): Promise<Result> {
    signal.throwIfAborted();
    requests += 1;
    try {
      return await body();
    } catch (error) {
      throw toStoreError(error, path);
    }
  }

  function remember(folder: LayoutFolder): OpenLayout {
    const blobs = createLayoutBlobs(folder);
    const index = createIndexFile(folder);
    layout = { folder, blobs, index, referrers: createLayoutReferrers(blobs) };
    return layout;
  }

  /** `null`: there is no layout yet, and the first write will make it. */
  async function forReading(): Promise<OpenLayout | null> {
    if (layout !== null) return layout;
    const folder = await openLayout(path, random);
    if (folder !== null) return remember(folder);
    if (options.create === true) return null;
    throw noLayout(path);
  }

  async function forWriting(signal: AbortSignal): Promise<OpenLayout> {
    const open = await forReading();
    return open ?? remember(await makeLayout(path, { signal, timeoutMs, random }));
  }

  async function readIndex(
    signal: AbortSignal,
  ): Promise<{ readonly index: LayoutIndex; readonly open: OpenLayout | null }> {
    const open = await forReading();
    return { open, index: open === null ? emptyIndex() : await open.index.read(signal) };
  }

  /** Finds a manifest's descriptor. Children of an index may have no entry of their own; their blobs tell. */
  async function find(reference: string, signal: AbortSignal): Promise<Descriptor | null> {
    const { open, index } = await readIndex(signal);
    if (open === null) return null;
    if (!isDigest(reference)) {
      const tagged = findTag(index, reference);
      if (tagged === null) return null;
      if ((await open.blobs.sizeOf(tagged.digest)) !== null) return tagged;
      throw invalidStore(
        `tag ${reference} holds ${tagged.digest}, and that blob is missing in ${path}`,
        "Restore the blob from a copy, or push the artifact again.",
      );
    }
    const size = await open.blobs.sizeOf(reference);
    if (size === null) return null;
    const listed = index.byDigest.get(reference)?.descriptor;
    if (listed) return listed;
    if (size > MAX_MANIFEST_BYTES) return null;
    const bytes = await open.blobs.read({ digest: reference }, MAX_MANIFEST_BYTES);
    const mediaType = bytes && readManifestFacts(bytes)?.mediaType;
    return mediaType ? { mediaType, digest: reference, size } : null;
  }

  /** Stores a manifest's bytes once everything that it names is there, as a registry would. */
  async function keep(open: OpenLayout, input: CheckedInput, signal: AbortSignal): Promise<void> {
    const { facts, manifest, descriptor } = input;
    const needed = [...facts.blobs, ...facts.manifests.map((child) => child.digest)];
    for (const digest of new Set(needed)) {
      if ((await open.blobs.sizeOf(digest)) === null)
        throw refused(`the manifest ${descriptor.digest} names ${digest}, which ${path} lacks`);
    }
    await open.blobs.put(descriptor, manifest.bytes, signal);
  }

  /**
   * Changes the index under the lock, and counts a write if it came out as another one. `confirm` sees the file as
   * it is afterwards, still under the lock, so that only tools which take no lock can have changed it again.
   */
  async function change<Answer>(
    signal: AbortSignal,
    make: (index: LayoutIndex, open: OpenLayout) => Promise<IndexChange<Answer>>,
    confirm?: (index: LayoutIndex) => void,
  ): Promise<Answer> {
    const open = await forWriting(signal);
    const lock = { signal, timeoutMs, random };
    return await withLayoutLock(open.folder.root, lock, async () => {
      const { answer, written } = await open.index.update(signal, (index) => make(index, open));
      if (written) writes += 1;
      if (confirm !== undefined) confirm(await open.index.read(signal));
      return answer;
    });
  }

  /** Puts a tag that is absent on a manifest. Gives what the tag held before. */
  async function create(tag: string, input: CheckedInput, signal: AbortSignal) {
    return await change(signal, async (index, open) => {
      const holder = findTag(index, tag)?.digest ?? null;
      if (holder !== null && holder !== input.descriptor.digest) return { index, answer: holder };
      await keep(open, input, signal);
      return { index: withTag(index, tag, input), answer: holder };
    });
  }

  /** Stores a manifest without a tag. */
  async function list(input: CheckedInput, signal: AbortSignal): Promise<Descriptor> {
    return await change(signal, async (index, open) => {
      await keep(open, input, signal);
      return { index: withManifest(index, input), answer: input.descriptor };
    });
  }

  return {
    repository,
    tagCreation: "atomic",
    get stats() {
      return { requests, writes };
    },
    now,

    async resolve(reference, { signal }) {
      checkReference(reference);
      return await call({ signal }, () => find(reference, signal));
    },

    async getManifest(reference, { signal }) {
      checkReference(reference);
      return await call({ signal }, async () => {
        const descriptor = await find(reference, signal);
        const open = await forReading();
        if (descriptor === null || open === null) return null;
        const bytes = await open.blobs.read(descriptor, MAX_MANIFEST_BYTES);
        if (bytes === null) throw noBlob(descriptor.digest);
        return { descriptor, bytes };
      });
    },

    async putManifest(manifest, { signal }) {
      return await call({ signal }, async () => {
        return await list(checkInput(manifest), signal);
      });
    },

    async createTag(tag, manifest, { signal }) {
      checkTag(tag);
      return await call({ signal }, async () => {
        const input = checkInput(manifest);
        const { descriptor } = input;
        const holder = await create(tag, input, signal);
        if (holder === null) return { status: "created", descriptor };
        if (holder === descriptor.digest) return { status: "unchanged", descriptor };
        return { status: "taken", digest: holder };
      });
    },

    async moveTag(tag, manifest, { signal, expect }) {
      checkTag(tag);
      return await call({ signal }, async () => {
        const input = checkInput(manifest);
        const { digest } = input.descriptor;
        const move = async (index: LayoutIndex, open: OpenLayout) => {
          const held = findTag(index, tag)?.digest ?? null;
          const isElsewhere = held !== digest && held !== expect;
          if (expect !== undefined && isElsewhere) throw moved(tag, expect, held);
          await keep(open, input, signal);
          return { index: withTag(index, tag, input), answer: held };
        };
        const previous = await change(signal, move, (index) => {
          const held = findTag(index, tag)?.digest ?? null;
          if (held !== digest) throw moved(tag, digest, held);
        });
        return { status: previous === digest ? "unchanged" : "moved", previous };
      });
    },

    async listTags({ signal, prefix = "" }) {
      return await call({ signal }, async () => {
        const { index } = await readIndex(signal);
        // Other tools also write whole image names there; those are no tags of this repository.
        return [...index.byTag.keys()].filter((tag) => tag.startsWith(prefix) && isTag(tag));
      });
    },

    async deleteTag(tag, { signal }) {
      checkTag(tag);
      await call({ signal }, async () => {
        const { index } = await readIndex(signal);
        if (!index.byTag.has(tag)) return;
        await change(signal, async (now) => ({ index: withoutTag(now, tag), answer: null }));
      });
    },

    async deleteManifest(digest, { signal }) {
      return await call({ signal }, async () => {
        const { index } = await readIndex(signal);
        if (!index.byDigest.has(digest)) return false;
        return await change(signal, async (now) => ({
          index: withoutManifest(now, digest),
          answer: now.byDigest.has(digest),
        }));
      });
    },

    async hasBlob(digest, { signal }) {
      return await call({ signal }, async () => {
        const open = await forReading();
        return open !== null && (await open.blobs.sizeOf(digest)) !== null;
      });
    },

    async getBlob(descriptor, { signal, maxBytes = DEFAULT_MAX_BLOB_BYTES }) {
      return await call({ signal }, async () => {
        if (descriptor.size > maxBytes) {
          throw new FloeError({
            code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
            message: `the blob ${descriptor.digest} has ${descriptor.size} bytes; at most ${maxBytes} are read`,
          });
        }
        const open = await forReading();
        const bytes = await open?.blobs.read(descriptor, maxBytes);
        if (!bytes) throw noBlob(descriptor.digest);
        return bytes;
      });
    },

    async *openBlob(descriptor, { signal }) {
      signal.throwIfAborted();
      requests += 1;
      try {
        const open = await forReading();
        if (open === null) throw noBlob(descriptor.digest);
        yield* open.blobs.stream(descriptor, signal);
      } catch (error) {
        throw toStoreError(error, path);
      }
    },

    async putBlob(descriptor, source, { signal }) {
      const open = await call({ signal }, () => forWriting(signal));
      if (await open.blobs.put(descriptor, source, signal)) writes += 1;
    },

    async referrers(digest, { signal }) {
      return await call({ signal }, async () => {
        const { open, index } = await readIndex(signal);
        return open === null ? [] : await open.referrers.find(index, digest, signal);
      });
    },

    async attach(manifest, { signal, tag }) {
      if (tag !== undefined) checkTag(tag);
      return await call({ signal }, async () => {
        const input = checkInput(manifest);
        if (input.subject === null)
          throw refused("a manifest without a subject cannot be attached");
        if (tag === undefined) return await list(input, signal);
        const holder = await create(tag, input, signal);
        if (holder === null || holder === input.descriptor.digest) return input.descriptor;
        throw new FloeError({
          code: "FLOE_TAG_IMMUTABLE",
          message: `tag ${tag} in ${repository} holds ${holder}, not ${input.descriptor.digest}`,
        });
      });
    },
  };
}

interface CheckedInput extends IndexedManifest {
  readonly manifest: ManifestInput;
  readonly facts: ManifestFacts;
}

function checkInput(manifest: ManifestInput): CheckedInput {
  const facts = checkManifest(manifest);
  const { bytes, mediaType } = manifest;
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  return { manifest, facts, descriptor, subject: facts.subject };
}

function checkReference(reference: string): void {
  if (!isDigest(reference)) checkTag(reference);
}

function checkTag(tag: string): void {
  if (isTag(tag)) return;
  throw new FloeError({
    code: "FLOE_TAG_INVALID",
    message: `${JSON.stringify(tag.slice(0, 200))} is not a tag`,
    hint: "A tag has at most 128 letters, digits, dots, dashes and underscores, and starts with none of . and -.",
  });
}

function moved(tag: string, wanted: Digest | null, held: Digest | null): FloeError {
  return new FloeError({
    code: "FLOE_TAG_MOVED",
    message: `tag ${tag} holds ${held ?? "nothing"}, not ${wanted ?? "nothing"}`,
    hint: "Somebody moved it meanwhile. Look at what the tag holds now before doing it again.",
  });
}
