import { createReadStream } from "node:fs";
import { lstat, mkdir, readlink, rename } from "node:fs/promises";
import { join } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { StagedEntry } from "./staging.ts";

const MAX_NAMED = 10;
const MAX_LISTED = 100;

/** Where staged files are and where they shall go, on one file system. */
export interface Places {
  readonly tree: string;
  readonly root: string;
  readonly overwrite: boolean;
}

/**
 * Moves staged files to their places. All of them are looked at first; what is there with the same content counts as done,
 * so that a run which was killed in between can simply be repeated.
 * @throws {FloeError} FLOE_USAGE_INVALID - files are there with other content; nothing was moved
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a folder would have to be where a file or a link is
 */
export async function placeStaged(entries: readonly StagedEntry[], places: Places): Promise<void> {
  const { tree, root } = places;
  const free = new Set<string>();
  const tops = new Set(entries.map(({ path }) => topOf(path)));
  for (const top of tops) if ((await lookAt(join(root, top))) === null) free.add(top);
  const rest = entries.filter(({ path }) => !free.has(topOf(path)));
  const moves = await planMerge(rest, places);
  // A folder that is new comes as a whole.
  for (const top of free) await rename(join(tree, top), join(root, top));
  for (const { path, kind } of moves) {
    if (kind === "folder") await mkdir(join(root, path), { recursive: true });
    else await rename(join(tree, path), join(root, path));
  }
}

/** Says of each file whether it is there already. @throws {FloeError} see {@link placeStaged} */
async function planMerge(
  entries: readonly StagedEntry[],
  { tree, root, overwrite }: Places,
): Promise<StagedEntry[]> {
  const moves: StagedEntry[] = [];
  const conflicts: string[] = [];
  for (const entry of entries) {
    const { path, kind } = entry;
    const there = await lookAt(join(root, path));
    if (there === null) moves.push(entry);
    else if (kind === "folder") {
      if (!there.isDirectory()) throw inTheWay(path);
    } else if (there.isDirectory()) throw inTheWay(path);
    else if (overwrite) moves.push(entry);
    else if (!(await isSame(kind, join(tree, path), join(root, path)))) conflicts.push(path);
  }
  if (conflicts.length > 0) throw alreadyThere(conflicts);
  return moves;
}

/** FLOE_USAGE_INVALID that names files which would be overwritten. */
export function alreadyThere(paths: readonly string[]): FloeError {
  const named = paths.slice(0, MAX_NAMED).join(", ");
  const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : "";
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `there already, with other content: ${named}${more}`,
    hint: "Nothing was written. Give --overwrite to replace them, or another folder with --dir.",
    details: { files: paths.slice(0, MAX_LISTED) },
  });
}

function inTheWay(path: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the artifact's file ${JSON.stringify(path)} is refused: something of another kind is at its place, and links are not followed`,
    hint: "Nothing was written. Choose another folder with --dir.",
  });
}

async function lookAt(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    // Below what is no folder there is nothing; the folder itself is looked at as well.
    if (
      error instanceof Error &&
      "code" in error &&
      (error.code === "ENOENT" || error.code === "ENOTDIR")
    )
      return null;
    throw error;
  }
}

async function isSame(kind: "file" | "link", one: string, other: string): Promise<boolean> {
  if ((await lstat(other)).isSymbolicLink())
    return kind === "link" && (await readlink(one)) === (await readlink(other));
  return kind === "file" && (await sameContent(one, other));
}

async function sameContent(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one), lstat(other)]);
  if (!b.isFile() || a.size !== b.size) return false;
  const right = createReadStream(other)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of createReadStream(one) as AsyncIterable<Buffer>) {
      let left = chunk;
      while (left.byteLength > 0) {
        if (rest.byteLength === 0) {
          const next = await right.next();
          if (next.done === true) return false;
          rest = next.value;
        }
        const count = Math.min(left.byteLength, rest.byteLength);
        if (!left.subarray(0, count).equals(rest.subarray(0, count))) return false;
        left = left.subarray(count);
        rest = rest.subarray(count);
      }
    }
    return true;
  } finally {
    await right.return?.();
  }
}

function topOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, slash);
}
