import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { FloeError } from "@floe/core/errors";
import { linkProblem } from "./link-problem.ts";
import { createPathClaims } from "./path-claims.ts";
import { MAX_PATH_BYTES, pathProblem } from "./path-problem.ts";
import { type InputStamp, unreadable } from "./read-input.ts";

/** So many files and folders are packed or unpacked as one layer. */
export const MAX_FOLDER_ENTRIES = 200_000;

/** What is in a folder; `path` has slashes and begins with the title that the folder gets. */
export type FolderEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly source: string;
      readonly stamp: InputStamp;
      readonly executable: boolean;
    };

/**
 * Lists a folder with everything in it, sorted. What could not be unpacked again everywhere is refused here, where it can
 * be changed.
 * @throws {FloeError} FLOE_USAGE_INVALID - a name that no other system takes, a link that leads out, a device or pipe, or too much
 * @throws {FloeError} FLOE_FILE_CHANGED - something vanished meanwhile
 */
export async function scanFolder(
  folder: string,
  title: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<FolderEntry[]> {
  const claims = createPathClaims();
  const entries: FolderEntry[] = [{ kind: "folder", path: title }];
  const open: { readonly source: string; readonly path: string }[] = [
    { source: folder, path: title },
  ];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    signal.throwIfAborted();
    const parent = at;
    const names = await readdir(parent.source).catch((cause: unknown) => {
      throw unreadable(parent.source, cause, true);
    });
    for (const name of names) {
      const source = join(parent.source, name);
      const path = `${parent.path}/${name}`;
      // A name that is not UTF-8 cannot be asked for by what it was read as.
      if (name.includes("\ufffd")) throw refused(source, "its name may not be UTF-8");
      const problem = pathProblem(path, MAX_PATH_BYTES);
      if (problem !== null) throw refused(source, problem);
      const entry = await describe(source, path, path.slice(title.length + 1));
      const clash = claims.claim(path, entry.kind);
      if (clash !== null) throw refused(source, clash);
      entries.push(entry);
      if (entries.length > MAX_FOLDER_ENTRIES)
        throw refused(folder, `it has more than ${MAX_FOLDER_ENTRIES} files and folders`);
      if (entry.kind === "folder") open.push({ source, path });
    }
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function describe(source: string, path: string, inside: string): Promise<FolderEntry> {
  const look = <Result>(asked: Promise<Result>): Promise<Result> =>
    asked.catch((cause: unknown) => {
      throw unreadable(source, cause, true);
    });
  const stat: Stats = await look(lstat(source));
  if (stat.isDirectory()) return { kind: "folder", path };
  if (stat.isSymbolicLink()) {
    const target = await look(readlink(source));
    const problem = linkProblem(inside, target);
    if (problem !== null) throw refused(source, `it is a link and ${problem}`);
    return { kind: "link", path, target };
  }
  if (!stat.isFile()) throw refused(source, "it is neither a file nor a folder nor a link");
  return { kind: "file", path, source, stamp: stat, executable: (stat.mode & 0o100) !== 0 };
}

function refused(path: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(path)} cannot be packed: ${why}`,
    hint: "Nothing was pushed. Take it out of the folder, or give it another name.",
    details: { path },
  });
}
