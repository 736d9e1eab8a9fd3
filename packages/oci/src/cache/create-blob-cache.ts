import type { Dirent } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, hasDigest, isDigest } from "@floe/core/model";

/** A scan for what has to go is made about once in so much of the cache's size that was written. */
const SCAN_EVERY = 0.02;
/** A scan leaves some room, so that the next write does not need another one. */
const FULL_AGAIN = 0.9;
/** Files of writers that did not live to rename them. */
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

/** Options of {@link createBlobCache}. */
export interface BlobCacheOptions {
  /** The cache's folder; made with the first write. */
  readonly path: string;
  /** The most that it holds, give or take what was written since the last scan. */
  readonly maxBytes: number;
  /** What was not read for so long goes with the next scan. Default: never. */
  readonly maxAgeMs?: number;
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** 0 ≤ x < 1, for names and for when to scan. Default `Math.random`. */
  readonly random?: () => number;
}

/** What {@link BlobCache.prune} and {@link BlobCache.clear} took away, and what is left. */
export interface CacheRemoval {
  readonly removedEntries: number;
  readonly removedBytes: number;
  readonly leftEntries: number;
  readonly leftBytes: number;
}

/** Content by digest on the disk. Nothing in it is ever the only copy, so its own trouble is never anybody's. */
export interface BlobCache {
  /** The bytes of a digest, hashed again; `null`: not there, larger than `maxBytes`, damaged (then it is removed), or unreadable. */
  get(digest: Digest, maxBytes: number): Promise<Uint8Array | null>;
  /** Keeps bytes that have that digest; does nothing when the disk does not let it. */
  put(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Removes what was not used for `olderThanMs`, then what was not used for longest until `maxBytes` are left. */
  prune(limits: {
    readonly maxBytes: number;
    readonly olderThanMs?: number;
  }): Promise<CacheRemoval>;
  clear(): Promise<CacheRemoval>;
}

/**
 * Opens a cache of content by digest. Several processes may use one: every file appears whole under its digest, and what
 * one removes another fetches again. The time of a file is when it was last read.
 */
export function createBlobCache(options: BlobCacheOptions): BlobCache {
  const { path, maxBytes, maxAgeMs } = options;
  const fs = process.getBuiltinModule("node:fs/promises");
  const now = options.now ?? (() => new Date());
  const random = options.random ?? Math.random;
  // Digests are parsed before they get here, so none of the parts can be a path.
  const folderOf = (digest: Digest): string =>
    join(path, digest.slice(0, digest.indexOf(":")), digestHex(digest).slice(0, 2));
  const fileOf = (digest: Digest): string => join(folderOf(digest), digestHex(digest));

  async function read(digest: Digest, limit: number): Promise<Uint8Array | null> {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = process.getBuiltinModule("node:fs").constants;
    const handle = await fs.open(fileOf(digest), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > limit) return null;
      const bytes = await handle.readFile();
      if (!hasDigest(bytes, digest)) {
        await fs.rm(fileOf(digest), { force: true });
        return null;
      }
      const time = now();
      await handle.utimes(time, time).catch(() => {});
      return bytes;
    } finally {
      await handle.close();
    }
  }

  async function write(digest: Digest, bytes: Uint8Array): Promise<void> {
    const salt = Math.floor(random() * 2 ** 48).toString(36);
    await fs.mkdir(folderOf(digest), { recursive: true, mode: 0o700 });
    const temp = `${fileOf(digest)}.${process.pid}-${salt}.tmp`;
    try {
      await fs.writeFile(temp, bytes, { flag: "wx", mode: 0o600 });
      const time = now();
      await fs.utimes(temp, time, time);
      await fs.rename(temp, fileOf(digest));
    } catch (error) {
      await fs.rm(temp, { force: true });
      throw error;
    }
  }

  interface Entry {
    readonly file: string;
    readonly size: number;
    readonly usedMs: number;
  }

  async function list(): Promise<{ readonly entries: Entry[]; readonly leftovers: string[] }> {
    const found: Dirent[] = await fs
      .readdir(path, { recursive: true, withFileTypes: true })
      .catch(() => []);
    const entries: Entry[] = [];
    const leftovers: string[] = [];
    for (const { parentPath, name } of found.filter((one) => one.isFile())) {
      const file = join(parentPath, name);
      const [algorithm = ""] = file.slice(path.length + 1).split(/[/\\]/);
      const stats = await fs.stat(file).catch(() => null);
      if (stats === null) continue;
      if (isDigest(`${algorithm}:${name}`))
        entries.push({ file, size: stats.size, usedMs: stats.mtimeMs });
      // Only what the cache makes itself is ever removed: the path is the user's to choose.
      else if (/^[0-9a-f]+\.\d+-[0-9a-z]+\.tmp$/.test(name))
        if (stats.mtimeMs < now().getTime() - LEFTOVER_AGE_MS) leftovers.push(file);
    }
    return { entries, leftovers };
  }

  async function prune(limits: {
    readonly maxBytes: number;
    readonly olderThanMs?: number;
  }): Promise<CacheRemoval> {
    const { entries, leftovers } = await list();
    for (const file of leftovers) await fs.rm(file, { force: true }).catch(() => {});
    entries.sort((a, b) => a.usedMs - b.usedMs);
    let leftBytes = entries.reduce((sum, { size }) => sum + size, 0);
    let removedEntries = 0;
    let removedBytes = 0;
    const oldest = now().getTime() - (limits.olderThanMs ?? Number.POSITIVE_INFINITY);
    for (const { file, size, usedMs } of entries) {
      if (usedMs >= oldest && leftBytes <= limits.maxBytes) break;
      const removed = await fs.rm(file, { force: true }).then(
        () => true,
        () => false,
      );
      if (!removed) continue;
      leftBytes -= size;
      removedEntries += 1;
      removedBytes += size;
    }
    return {
      removedEntries,
      removedBytes,
      leftEntries: entries.length - removedEntries,
      leftBytes,
    };
  }

  return {
    async get(digest, limit) {
      try {
        return await read(digest, limit);
      } catch {
        return null;
      }
    },

    async put(digest, bytes) {
      if (bytes.byteLength > maxBytes || !hasDigest(bytes, digest)) return;
      try {
        await write(digest, bytes);
        // By chance, so that many short runs scan as often as one long one, without anything to keep count in.
        if (random() * SCAN_EVERY * maxBytes > bytes.byteLength) return;
        const age = maxAgeMs === undefined ? {} : { olderThanMs: maxAgeMs };
        const { leftBytes } = await prune({ maxBytes, ...age });
        if (leftBytes > maxBytes * FULL_AGAIN) await prune({ maxBytes: maxBytes * FULL_AGAIN });
      } catch {
        // A full disk, or a folder that may not be written to: then there is no cache.
      }
    },

    prune,
    clear: () => prune({ maxBytes: 0, olderThanMs: Number.NEGATIVE_INFINITY }),
  };
}
