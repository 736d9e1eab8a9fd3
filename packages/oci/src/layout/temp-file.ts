import { renameSync } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAbsent, isSystemError } from "./store-error.ts";

const TEMP_NAME = /^\.floe-[0-9a-z-]+\.tmp$/;
const LEFTOVER_AGE_MS = 60 * 60 * 1000;

/** A file that is not there yet: it appears whole, or not at all. */
export interface TempFile {
  readonly handle: FileHandle;
  /** Makes the content durable and closes the file. */
  seal(): Promise<void>;
  /** Puts a sealed file in its place, at once: what was checked in the same turn still holds. */
  place(destination: string): void;
  /** Does all of it: seals, places, and makes the new name durable. */
  commit(destination: string): Promise<void>;
  /** Closes and removes it. Safe after a failed `commit`. */
  discard(): Promise<void>;
}

/** Makes temporary files in one folder and, with the first, removes those that crashed runs left. */
export interface TempFiles {
  create(): Promise<TempFile>;
}

/**
 * Temporary files lie beside `index.json`, also those of blobs: the next writer then finds leftovers without
 * listing a blob folder of ten thousand names, and a rename within one file system is as atomic.
 */
export function createTempFiles(folder: string, random: () => number): TempFiles {
  let count = 0;
  let swept = false;

  return {
    async create() {
      const { handle, path } = await openExclusively();
      const temp = tempFile(handle, path);
      if (swept) return temp;
      swept = true;
      try {
        // The new file's own time is the file system's clock, which may not be this machine's.
        await sweep(folder, (await handle.stat()).mtimeMs - LEFTOVER_AGE_MS);
        return temp;
      } catch (error) {
        await temp.discard();
        throw error;
      }
    },
  };

  async function openExclusively(): Promise<{ handle: FileHandle; path: string }> {
    for (;;) {
      count += 1;
      const salt = Math.floor(random() * 2 ** 48).toString(36);
      const path = join(
        folder,
        `.floe-${process.pid.toString(36)}-${count.toString(36)}-${salt}.tmp`,
      );
      try {
        return { handle: await open(path, "wx"), path };
      } catch (error) {
        if (!isSystemError(error) || error.code !== "EEXIST") throw error;
      }
    }
  }
}

function tempFile(handle: FileHandle, path: string): TempFile {
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await handle.close();
  };
  const seal = async (): Promise<void> => {
    await handle.sync();
    await close();
  };
  return {
    handle,
    seal,
    place: (destination) => renameSync(path, destination),
    async commit(destination) {
      await seal();
      await rename(path, destination);
      await syncFolder(dirname(destination));
    },
    async discard() {
      try {
        await close();
      } finally {
        await unlink(path).catch((error: unknown) => {
          if (!isAbsent(error)) throw error;
        });
      }
    },
  };
}

/** Makes the names in a folder durable: a rename alone survives a crash of the process, not of the machine. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sweep(folder: string, olderThanMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEMP_NAME.test(name)) continue;
    try {
      const path = join(folder, name);
      if ((await lstat(path)).mtimeMs < olderThanMs) await unlink(path);
    } catch (error) {
      // Another writer sweeps at the same time.
      if (!isAbsent(error)) throw error;
    }
  }
}
