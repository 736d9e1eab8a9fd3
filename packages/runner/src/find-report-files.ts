import { glob, realpath } from "node:fs/promises";
import { isAbsolute, matchesGlob, relative, resolve, sep } from "node:path";

/** Folders that hold other people's files; searched only when a pattern names them. */
export const FOREIGN_FOLDERS: readonly string[] = ["node_modules", ".git"];

/** Where patterns may lead. Both are real paths. */
export interface ReportRoots {
  /** The gate's private folder. */
  readonly dir: string;
  readonly cwd: string;
}

/** A file that a pattern matched. */
export interface ReportFile {
  /** As matched. */
  readonly path: string;
  /** Without symbolic links. `null` where a link leads out of the folders that the pattern may read. */
  readonly realPath: string | null;
}

/**
 * Finds the files that a pattern matches, sorted by path. A pattern that itself names a place outside the working
 * folder may read there; inside it, symbolic links are followed only to targets that are inside as well, so that a
 * command cannot make floe read, store and publish any file of the machine.
 */
export async function findReportFiles(
  pattern: string,
  roots: ReportRoots,
  options: { readonly signal: AbortSignal },
): Promise<ReportFile[]> {
  const absolute = resolve(roots.cwd, pattern);
  const allowed = await allowedRoots(absolute, roots);
  const files: ReportFile[] = [];
  for (const path of await matchingPaths(absolute, roots, options.signal)) {
    const real = await realOrNull(path);
    // A link to nowhere, or a file that went away.
    if (real === null) continue;
    files.push({ path, realPath: allowed.some((root) => isInside(real, root)) ? real : null });
  }
  return files;
}

async function matchingPaths(
  absolute: string,
  roots: ReportRoots,
  signal: AbortSignal,
): Promise<string[]> {
  // A file of exactly that name is meant, even where the name reads like a pattern.
  if ((await realOrNull(absolute)) !== null) return [absolute];
  const excluded = FOREIGN_FOLDERS.filter((name) => !absolute.split(sep).includes(name));
  // Relative to its root, so that the root's own name is not read as a pattern.
  const root = [roots.dir, roots.cwd].find((own) => isInside(absolute, own));
  const found = new Set<string>();
  const matches = glob(root === undefined ? absolute : relative(root, absolute), {
    cwd: root ?? roots.cwd,
    exclude: (path) => path.split(sep).some((part) => excluded.includes(part)),
  });
  for await (const match of matches) {
    signal.throwIfAborted();
    found.add(resolve(root ?? roots.cwd, match));
  }
  return [...found].sort();
}

/** Whether a path is a folder or lies in it. */
function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** How a report is named to people: relative to the gate's folder or to the working folder where it is in one. */
export function displayPath(path: string, roots: ReportRoots): string {
  for (const root of [roots.dir, roots.cwd]) {
    if (isInside(path, root) && path !== root) return relative(root, path);
  }
  return path;
}

/** The folder from which a pattern's wildcards start. The names of the roots themselves are never patterns. */
export function staticFolder(absolutePattern: string, roots: ReportRoots): string {
  const root = [roots.dir, roots.cwd].find((own) => isInside(absolutePattern, own)) ?? sep;
  const parts = relative(root, absolutePattern).split(sep);
  const wild = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part) && !matchesItself(part));
  return resolve(root, ...parts.slice(0, wild === -1 ? parts.length - 1 : wild));
}

/** `a+b` is no wildcard: only as `+(a|b)` would it be one. */
function matchesItself(part: string): boolean {
  return !/[*?[\]{}]|[!+@]\(/.test(part) && matchesGlob(part, part);
}

async function allowedRoots(absolute: string, roots: ReportRoots): Promise<string[]> {
  const own = [roots.dir, roots.cwd];
  if (own.some((root) => isInside(absolute, root))) return own;
  const named = await realOrNull(staticFolder(absolute, roots));
  return named === null ? own : [...own, named];
}

async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}
