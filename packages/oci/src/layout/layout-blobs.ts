import { createHash } from "node:crypto";
import { join } from "node:path";
import { FloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, digestHex, hasDigest } from "@floe/core/model";
import type { BlobSource } from "@floe/core/ports";
import { type LayoutFolder, readWhole } from "./layout-folder.ts";
import { toStoreError } from "./store-error.ts";

const CHUNK_BYTES = 256 * 1024;

/** The content-addressed part of a layout (image-spec, "Blobs"). Everything read is held against its digest. */
export interface LayoutBlobs {
  /** The size of a blob's file, `null` when there is none. */
  sizeOf(digest: Digest): Promise<number | null>;
  /**
   * Reads a blob whole; `null` when absent. A `size` that is known is checked too.
   * @throws {FloeError} FLOE_DIGEST_MISMATCH - the file holds something else
   * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - larger than `maxBytes`
   */
  read(
    wanted: { readonly digest: Digest; readonly size?: number },
    maxBytes: number,
  ): Promise<Uint8Array | null>;
  /** Like `read` for many small blobs in a row: at once where that is possible. */
  readSmall(
    wanted: { readonly digest: Digest; readonly size: number },
    maxBytes: number,
  ): Promise<Uint8Array | null>;
  /** Streams a blob; its last chunk comes only when the digest is right. */
  stream(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Stores a blob durably. Says whether anything had to be written. */
  put(
    descriptor: Pick<Descriptor, "digest" | "size">,
    source: BlobSource | Uint8Array,
    signal: AbortSignal,
  ): Promise<boolean>;
}

/** Opens the blobs of a layout. */
export function createLayoutBlobs(folder: LayoutFolder): LayoutBlobs {
  const folderOf = (digest: Digest): string => join("blobs", digest.slice(0, digest.indexOf(":")));
  // Digests are parsed before they get here, so the hexadecimal part cannot be a path.
  const pathOf = (digest: Digest): string => join(folderOf(digest), digestHex(digest));

  async function sizeOf(digest: Digest): Promise<number | null> {
    return (await folder.stat(pathOf(digest)))?.size ?? null;
  }

  async function readFile(digest: Digest, maxBytes: number): Promise<Uint8Array | null> {
    const handle = await folder.open(pathOf(digest));
    if (handle === null) return null;
    try {
      return await readWhole(handle, `the blob ${digest}`, maxBytes);
    } finally {
      await handle.close();
    }
  }

  async function read(
    { digest, size }: { readonly digest: Digest; readonly size?: number },
    maxBytes: number,
  ): Promise<Uint8Array | null> {
    const bytes = await readFile(digest, maxBytes);
    if (bytes === null) return null;
    if (size !== undefined && bytes.byteLength !== size)
      throw wrongSize(digest, size, bytes.byteLength);
    if (!hasDigest(bytes, digest)) throw wrongDigest(digest);
    return bytes;
  }

  /** What is at hand in memory is compared whole: manifests come so, and putting one again repairs a damaged file. */
  async function holds(digest: Digest, size: number, whole: boolean): Promise<boolean> {
    if ((await sizeOf(digest)) !== size) return false;
    if (!whole) return true;
    const bytes = await readFile(digest, size);
    return bytes !== null && hasDigest(bytes, digest);
  }

  return {
    sizeOf,

    read,

    async readSmall(wanted, maxBytes) {
      const { digest, size } = wanted;
      const bytes = size <= maxBytes ? folder.readNow(pathOf(digest), size) : null;
      return bytes !== null && hasDigest(bytes, digest) ? bytes : await read(wanted, maxBytes);
    },

    async *stream({ digest, size }, signal) {
      const handle = await folder.open(pathOf(digest));
      if (handle === null) throw noBlob(digest);
      try {
        const found = (await handle.stat()).size;
        if (found !== size) throw wrongSize(digest, size, found);
        const check = createCheck(digest, size);
        for (let start = 0; start < size; ) {
          signal.throwIfAborted();
          const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - start));
          const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, start);
          if (bytesRead === 0) break;
          start += bytesRead;
          const read = chunk.subarray(0, bytesRead);
          check.add(read);
          if (start === size) check.end();
          yield read;
        }
        check.end();
      } finally {
        await handle.close();
      }
    },

    async put({ digest, size }, source, signal) {
      // What the source throws is the source's; only trouble with the folder is turned into FLOE_STORE_IO.
      const disk = async <Result>(step: () => Promise<Result>): Promise<Result> => {
        try {
          return await step();
        } catch (error) {
          throw toStoreError(error, folder.root);
        }
      };
      await disk(() => folder.makeFolder(folderOf(digest)));
      if (await disk(() => holds(digest, size, source instanceof Uint8Array))) {
        await disk(() => folder.sync(folderOf(digest)));
        return false;
      }
      const temp = await disk(() => folder.createTemp());
      try {
        const check = createCheck(digest, size);
        const chunks = source instanceof Uint8Array ? [source] : source();
        for await (const chunk of chunks) {
          signal.throwIfAborted();
          check.add(chunk);
          await disk(() => temp.handle.appendFile(chunk));
        }
        signal.throwIfAborted();
        check.end();
        await disk(() => temp.commit(join(folder.root, pathOf(digest))));
        return true;
      } catch (error) {
        await disk(() => temp.discard());
        throw error;
      }
    },
  };
}

interface Check {
  add(chunk: Uint8Array): void;
  end(): void;
}

/** Counts and hashes at once, so that an endless source ends at the first byte too many. */
function createCheck(digest: Digest, size: number): Check {
  const algorithm = digest.slice(0, digest.indexOf(":"));
  const hash = createHash(algorithm);
  let count = 0;
  let ended = false;
  return {
    add(chunk) {
      count += chunk.byteLength;
      if (count > size) throw wrongSize(digest, size, count);
      hash.update(chunk);
    },
    end() {
      if (ended) return;
      ended = true;
      if (count !== size) throw wrongSize(digest, size, count);
      if (`${algorithm}:${hash.digest("hex")}` !== digest) throw wrongDigest(digest);
    },
  };
}

/** FLOE_ARTIFACT_NOT_FOUND for a blob that the layout does not hold. */
export function noBlob(digest: Digest): FloeError {
  return new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `the registry folder has no blob ${digest}`,
  });
}

function wrongSize(digest: Digest, expected: number, found: number): FloeError {
  return new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `the blob ${digest} should have ${expected} bytes and has ${found > expected ? "more" : found}`,
  });
}

function wrongDigest(digest: Digest): FloeError {
  return new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `the bytes of the blob ${digest} do not have that digest`,
    hint: "The file was damaged or replaced. Restore it from a copy, or push the artifact again under a new version.",
  });
}
