import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { FloeError } from "@floe/core/errors";
import { invalidStore, isAbsent, isSystemError } from "./store-error.ts";
import { createTempFiles, syncFolder, type TempFile } from "./temp-file.ts";

// O_NONBLOCK: opening a named pipe would otherwise wait for a writer.
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The files of one layout folder; every path is relative to it and never leads out of it. */
export interface LayoutFolder {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /**
   * Opens a file for reading; `null` when it is absent.
   * @throws {FloeError} FLOE_STORE_INVALID - a symbolic link leads out of the folder, or it is no regular file
   */
  open(relative: string): Promise<FileHandle | null>;
  /**
   * Reads a small file at once, without the thread pool, which costs ten times what the read does: for the thousands
   * of manifests that one answer can depend on. `null` for everything that `open` should judge.
   */
  readNow(relative: string, size: number): Uint8Array | null;
  /** Looks at a file without opening it, with the same refusals as `open`. */
  stat(relative: string): Promise<Stats | null>;
  /** Makes a folder and everything above it, durably. */
  makeFolder(relative: string): Promise<void>;
  /** Starts an atomic write. */
  createTemp(): Promise<TempFile>;
  /** Makes the names in a folder durable, also those that another process put there and did not live to sync. */
  sync(relative: string): Promise<void>;
}

/**
 * Opens a layout's folder. Layouts are unpacked from archives of unknown origin, so links in them are not trusted.
 * Somebody who changes the folder while floe runs is no adversary here: they could write its content directly.
 */
export function createLayoutFolder(root: string, random: () => number): LayoutFolder {
  const temps = createTempFiles(root, random);
  const checked = new Set<string>([root]);

  async function insideOrThrow(path: string): Promise<string> {
    const real = await realpath(path);
    if (real === root || real.startsWith(root + sep)) return real;
    throw invalidStore(
      `${path} is a symbolic link that leads out of the layout, to ${real}`,
      "Replace the link with the file itself; floe does not follow links out of a registry folder.",
    );
  }

  async function checkParent(path: string): Promise<void> {
    const parent = dirname(path);
    if (checked.has(parent)) return;
    await insideOrThrow(parent);
    checked.add(parent);
  }

  return {
    root,

    async open(relative) {
      const path = join(root, relative);
      try {
        await checkParent(path);
        const handle = await open(path, READ_FLAGS).catch(async (error: unknown) => {
          if (!isSystemError(error) || error.code !== "ELOOP") throw error;
          return await open(await insideOrThrow(path), constants.O_RDONLY | constants.O_NONBLOCK);
        });
        if ((await handle.stat()).isFile()) return handle;
        await handle.close();
        throw notAFile(path);
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },

    readNow(relative, size) {
      const path = join(root, relative);
      if (!checked.has(dirname(path))) return null;
      let file: number | undefined;
      try {
        file = openSync(path, READ_FLAGS);
        const stats = fstatSync(file);
        if (!stats.isFile() || stats.size !== size) return null;
        const bytes = new Uint8Array(size);
        return readSync(file, bytes) === size ? bytes : null;
      } catch (error) {
        if (isSystemError(error)) return null;
        throw error;
      } finally {
        if (file !== undefined) closeSync(file);
      }
    },

    async stat(relative) {
      const path = join(root, relative);
      try {
        await checkParent(path);
        let found = await lstat(path);
        if (found.isSymbolicLink()) found = await stat(await insideOrThrow(path));
        if (!found.isFile()) throw notAFile(path);
        return found;
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },

    async makeFolder(relative) {
      const path = join(root, relative);
      if (checked.has(path)) return;
      await makeFolderDurably(path);
      await insideOrThrow(path);
      checked.add(path);
    },

    createTemp: () => temps.create(),
    sync: (relative) => syncFolder(join(root, relative)),
  };
}

/** Makes a folder with everything above it, and syncs every folder that got a new name. */
export async function makeFolderDurably(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await syncFolder(dirname(made));
}

/**
 * Reads an open file whole into memory.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - larger than `maxBytes`
 */
export async function readWhole(
  handle: FileHandle,
  path: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const { size } = await handle.stat();
  if (size > maxBytes) {
    throw new FloeError({
      code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
      message: `${path} has ${size} bytes; floe reads at most ${maxBytes}`,
    });
  }
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function notAFile(path: string): FloeError {
  return invalidStore(
    `${path} is not a regular file`,
    "An OCI image layout holds plain files only; remove what is in the way.",
  );
}
