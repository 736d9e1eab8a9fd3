import { constants } from "node:fs";
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  realpath,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import { giveBack, isHandedOver } from "@floe/oci/give-back";
import { createPathClaims } from "./path-claims.ts";
import { pathProblem } from "./path-problem.ts";
import { placeStaged } from "./place-staged.ts";

/** Written at once: for each write alone, as much is done again as for writing 64 KiB. */
const GATHERED_BYTES = 256 * 1024;

/** Something that waits to be put into its place. */
export interface StagedEntry {
  readonly path: string;
  readonly kind: "folder" | "file" | "link";
}

/** A temporary folder inside the one that is written to. Disposed of, nothing of it is left. */
export interface Staging extends AsyncDisposable {
  /** Writes a file that goes with the staging place and gives its path. */
  addTemporary(name: string, content: AsyncIterable<Uint8Array>): Promise<string>;
  addFolder(path: string): Promise<void>;
  addFile(
    path: string,
    options: { readonly executable: boolean },
    content: AsyncIterable<Uint8Array>,
  ): Promise<void>;
  addLink(path: string, target: string): Promise<void>;
  /** Another name for a file that was added before. */
  addHardLink(path: string, of: string): Promise<void>;
  /**
   * Puts everything into its place.
   * @throws {FloeError} FLOE_USAGE_INVALID - files are there already with other content; nothing was changed then
   */
  commit(options: { readonly overwrite: boolean }): Promise<void>;
}

/**
 * Opens a place for files that are not trusted yet. They come to stand under their names only by
 * {@link Staging.commit}; what a run that was killed leaves behind is a hidden folder, never half of a file.
 * @throws {FloeError} FLOE_OUTPUT_FAILED - the folder cannot be written to
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a path that is not written to any disk, or that is there twice
 */
export async function openStaging(folder: string, maxPathBytes: number): Promise<Staging> {
  const [root, at] = await writing(folder, async () => {
    await makeWithParents(resolve(folder));
    const real = await realpath(folder);
    return [real, await mkdtemp(join(real, ".floe-pull-"))] as const;
  });
  const tree = join(at, "tree");
  const claims = createPathClaims();
  const entries: StagedEntry[] = [];
  const made = new Set<string>();

  async function makeFolders(path: string): Promise<void> {
    if (made.has(path)) return;
    await mkdir(join(tree, path), { recursive: true, mode: 0o755 });
    const parts = path.split("/");
    for (let count = 1; count <= parts.length; count += 1) {
      const each = parts.slice(0, count).join("/");
      if (made.has(each)) continue;
      made.add(each);
      entries.push({ path: each, kind: "folder" });
    }
  }

  /** Makes sure that a path is one that may be written, below folders that this run has made. */
  async function claim(path: string, kind: StagedEntry["kind"]): Promise<string> {
    const problem = pathProblem(path, maxPathBytes) ?? claims.claim(path, kind);
    if (problem !== null) throw refusedPath(path, problem);
    if (kind === "folder") await makeFolders(path);
    else {
      const parent = dirname(path);
      if (parent !== ".") await makeFolders(parent);
      entries.push({ path, kind });
    }
    return join(tree, path);
  }

  const staged = async <Result>(run: () => Promise<Result>): Promise<Result> =>
    await writing(root, run);
  try {
    await staged(() => mkdir(tree, { mode: 0o755 }));
  } catch (cause) {
    await rm(at, { recursive: true, force: true });
    throw cause;
  }
  return {
    addTemporary: async (name, content) =>
      await staged(async () => {
        const path = join(at, name);
        await writeNewFile(path, 0o600, content);
        return path;
      }),
    addFolder: async (path) => {
      await staged(() => claim(path, "folder"));
    },
    addFile: async (path, { executable }, content) =>
      await staged(async () => {
        const target = await claim(path, "file");
        await writeNewFile(target, executable ? 0o755 : 0o644, content);
      }),
    addLink: async (path, target) =>
      await staged(async () => await symlink(target, await claim(path, "link"))),
    addHardLink: async (path, of) =>
      await staged(async () => {
        if (!claims.has(of, "file"))
          throw refusedPath(path, "it is a link to what is no file of it");
        await link(join(tree, of), await claim(path, "file"));
      }),
    commit: async ({ overwrite }) =>
      await staged(async () => await placeStaged(entries, { tree, root, overwrite })),
    [Symbol.asyncDispose]: async () =>
      await staged(() => rm(at, { recursive: true, force: true, maxRetries: 3 })),
  };
}

/** `mkdir` with `recursive` never ends where a parent does not take folders, as in /proc (Node.js 24). */
async function makeWithParents(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || (await isThere(parent))) throw cause;
    await makeWithParents(parent);
    await mkdir(path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** Writes a file that is not there yet, never through a link. */
async function writeNewFile(
  path: string,
  mode: number,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  const owned = isHandedOver(content);
  let writing: Promise<void> = Promise.resolve();
  try {
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of content) {
      gathered.push(chunk);
      bytes += chunk.byteLength;
      if (bytes < GATHERED_BYTES) continue;
      // One is written while the next is gathered, and no more: a slow disk holds back the network.
      await writing;
      writing = writeAll(file, gathered, owned);
      // Looked at by the next `await`; what comes before that is not unhandled.
      writing.catch(() => {});
      gathered = [];
      bytes = 0;
    }
    await writing;
    await writeAll(file, gathered, owned);
  } finally {
    // A file is not closed under a write that is on its way.
    await writing.catch(() => {});
    await file.close();
  }
}

async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  owned: boolean,
): Promise<void> {
  let left = chunks;
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    left = left.flatMap((chunk) => {
      const done = Math.min(bytesWritten, chunk.byteLength);
      bytesWritten -= done;
      return done === chunk.byteLength ? [] : [chunk.subarray(done)];
    });
  }
  if (owned) for (const chunk of chunks) giveBack(chunk);
}

/** FLOE_REGISTRY_RESPONSE_INVALID for a path that whoever made the artifact chose. */
export function refusedPath(path: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the artifact's file ${JSON.stringify(path.slice(0, 300))} is refused: ${why}`,
    hint: "Whoever pushed the artifact chose that name. Nothing of the artifact was written.",
  });
}

/** Gives what the file system says its place among the errors; those of others stay what they are. */
async function writing<Result>(folder: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof Error) || !("syscall" in cause)) throw cause;
    const code = "code" in cause ? String(cause.code) : "unknown error";
    throw new FloeError({
      code: "FLOE_OUTPUT_FAILED",
      message: `${folder} cannot be written to (${code})`,
      hint: "Check the path, its permissions and the free space.",
      details: { path: folder, reason: code },
      cause,
    });
  }
}
