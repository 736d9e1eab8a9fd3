import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { createLayoutStore } from "../layout/create-layout-store.ts";
import { invalidStore, isAbsent, toStoreError } from "../layout/store-error.ts";
import { syncFolder } from "../layout/temp-file.ts";
import { packLayout } from "./pack-layout.ts";
import { unpackLayout } from "./unpack-layout.ts";

/** Folders of runs that did not live to remove them. */
const LEFTOVER = /^\.floe-archive-[A-Za-z0-9]{6}$/;
const LEFTOVER_AGE_MS = 24 * 60 * 60 * 1000;

/** Options of {@link openArchiveStore}. */
export interface ArchiveStoreOptions {
  /** The archive; relative paths count from the working folder. */
  readonly path: string;
  /** The path as the user wrote it. Default `path`. */
  readonly uriAsWritten?: string;
  /** `false`: writes are refused, and the archive must be there. With `true` an absent one begins empty. */
  readonly writable: boolean;
  /** Where it is unpacked. Default: beside the archive for writing, else the system's folder for temporary files. */
  readonly tempFolder?: string;
}

/** A repository in a tar file. */
export interface ArchiveStore extends ArtifactStore {
  /**
   * Writes what was changed as the new archive, in the place of the old one, at once. Without this call nothing of it is kept.
   * @throws {FloeError} FLOE_STORE_BUSY - somebody else has written the archive since it was opened
   */
  save(options: CallOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a tar archive of an OCI image layout (`oci-archive:` of skopeo and podman) as a repository, for places without a
 * network. It is unpacked into a temporary folder with everything in it checked, and disposal removes that folder; so as
 * much disk as the archive takes is needed for a while, and no more memory than for a folder.
 * @throws {FloeError} FLOE_STORE_INVALID - the archive is absent, or not one that floe reads
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - a blob in it was changed
 * @throws {FloeError} FLOE_STORE_IO - the operating system refuses, for example ENOSPC
 */
export async function openArchiveStore(
  options: ArchiveStoreOptions,
  { signal }: CallOptions,
): Promise<ArchiveStore> {
  const { mkdtemp, open, rm } = process.getBuiltinModule("node:fs/promises");
  const path = resolve(options.path);
  const parent = dirname(path);
  const written = options.uriAsWritten ?? options.path;
  const repository = `oci-archive:${written.replace(/^oci-archive:/, "")}`;
  const onDisk = async <Result>(body: () => Promise<Result>): Promise<Result> => {
    try {
      return await body();
    } catch (error) {
      throw toStoreError(error, path);
    }
  };
  const { folder, opened } = await onDisk(async () => {
    if (options.writable) await sweep(options.tempFolder ?? parent);
    const archive = await openExisting(path, options.writable);
    try {
      const prefix = options.writable
        ? join(options.tempFolder ?? parent, ".floe-archive-")
        : join(options.tempFolder ?? tmpdir(), "floe-archive-");
      const made = await mkdtemp(prefix);
      try {
        if (archive !== null) await unpackLayout(archive, made, { signal });
      } catch (error) {
        await rm(made, { recursive: true, force: true });
        throw error;
      }
      return { folder: made, opened: archive === null ? null : await identify(archive) };
    } finally {
      await archive?.close();
    }
  });
  const layout = createLayoutStore({ path: folder, create: true, uriAsWritten: written });
  let saved = 0;
  let before = opened;

  async function save(call: CallOptions): Promise<void> {
    const { writes } = layout.stats;
    if (writes === saved) return;
    await onDisk(async () => {
      const temp = join(parent, `.${basename(path)}.${basename(folder).slice(-6)}.tmp`);
      const handle = await open(temp, "wx");
      try {
        await packLayout(folder, handle, call);
        await handle.sync();
        const made = await identify(handle);
        await handle.close();
        if ((await identifyPath(path)) !== before) throw changed(path);
        await process.getBuiltinModule("node:fs/promises").rename(temp, path);
        await syncFolder(parent);
        before = made;
        saved = writes;
      } catch (error) {
        await handle.close().catch(() => {});
        await rm(temp, { force: true });
        throw error;
      }
    });
  }

  return {
    ...layout,
    ...(options.writable ? {} : refusingWrites(repository)),
    repository,
    get stats() {
      return layout.stats;
    },
    save,
    [Symbol.asyncDispose]: async () => {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function openExisting(path: string, mayBeAbsent: boolean): Promise<FileHandle | null> {
  const { open } = process.getBuiltinModule("node:fs/promises");
  const { O_RDONLY, O_NONBLOCK } = process.getBuiltinModule("node:fs").constants;
  try {
    // Without O_NONBLOCK a named pipe would wait for a writer.
    const handle = await open(path, O_RDONLY | O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    if (mayBeAbsent) return null;
    throw invalidStore(`there is no archive at ${path}`, "Check the path.", error);
  }
  throw invalidStore(
    `${path} is no file`,
    "An archive is a file; a folder is written oci-layout:PATH.",
  );
}

async function identify(handle: FileHandle): Promise<string> {
  const { ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

async function identifyPath(path: string): Promise<string | null> {
  const { open } = process.getBuiltinModule("node:fs/promises");
  try {
    const handle = await open(path);
    try {
      return await identify(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function sweep(folder: string): Promise<void> {
  const { readdir, rm, stat } = process.getBuiltinModule("node:fs/promises");
  const names = await readdir(folder).catch((error: unknown) => {
    if (isAbsent(error))
      throw invalidStore(`there is no folder ${folder}`, "Make it first.", error);
    throw error;
  });
  for (const name of names.filter((one) => LEFTOVER.test(one))) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs < Date.now() - LEFTOVER_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}

function refusingWrites(
  repository: string,
): Pick<
  ArtifactStore,
  "putManifest" | "createTag" | "moveTag" | "deleteTag" | "putBlob" | "attach"
> {
  const refuse = (): Promise<never> =>
    Promise.reject(
      invalidStore(
        `${repository} is open for reading only`,
        "An archive is written by floe artifact copy SOURCE oci-archive:PATH.",
      ),
    );
  return {
    putManifest: refuse,
    createTag: refuse,
    moveTag: refuse,
    deleteTag: refuse,
    putBlob: refuse,
    attach: refuse,
  };
}

function changed(path: string): FloeError {
  return new FloeError({
    code: "FLOE_STORE_BUSY",
    message: `somebody else has written ${path} meanwhile`,
    hint: "Run the command again: it adds to what is there now.",
  });
}
