import { glob, open } from "node:fs/promises";
import { resolve } from "node:path";
import { cleanText } from "@floe/gate-kit";

/** Files that one pattern may match. */
const MAX_FILES = 1000;

/** A file that a setting names. */
export interface NamedFile {
  /** As it was found, relative to the folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where files are looked for, and what is read of them at most. */
export interface FileOptions {
  readonly folder: string;
  readonly setting: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Reads the files that a path or glob names, in the order of their names.
 *
 * @throws {Error} naming setting and path, when there is none, or one cannot be read or is too large.
 */
export async function readFiles(pattern: string, options: FileOptions): Promise<NamedFile[]> {
  const { folder, setting, signal } = options;
  const paths: string[] = [];
  if (/[*?[{]/.test(pattern)) {
    for await (const path of glob(pattern, { cwd: folder })) {
      signal.throwIfAborted();
      paths.push(path);
      if (paths.length > MAX_FILES) {
        throw new Error(`${setting}: ${cleanText(pattern)} matches more than ${MAX_FILES} files`);
      }
    }
  } else paths.push(pattern);
  if (paths.length === 0) throw new Error(`${setting}: no file matches ${cleanText(pattern)}`);
  const files: NamedFile[] = [];
  for (const path of paths.sort()) {
    files.push({ path, bytes: await readOne(path, options) });
  }
  return files;
}

async function readOne(
  path: string,
  { folder, setting, maxBytes, signal }: FileOptions,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const file = await open(resolve(folder, path)).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(
      `${setting}: ${cleanText(path)} cannot be read (${cause.code ?? "unknown error"})`,
    );
  });
  try {
    const { size } = await file.stat();
    if (size > maxBytes) {
      throw new Error(`${setting}: ${cleanText(path)} has ${size} bytes, the limit is ${maxBytes}`);
    }
    return await file.readFile({ signal });
  } finally {
    await file.close();
  }
}
