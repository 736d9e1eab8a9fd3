import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FloeError } from "../errors/index.ts";

/** Name of the manifest when `-m` gives none. */
export const DEFAULT_MANIFEST = "manifest.yaml";

/**
 * Finds the manifest: the given path, relative to `cwd`; without one, `manifest.yaml` in `cwd` or the nearest folder
 * above it. Returns an absolute path.
 * @throws {FloeError} FLOE_MANIFEST_NOT_FOUND - there is none
 */
export async function findManifest(
  path: string | undefined,
  options: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<string> {
  if (path !== undefined) {
    const absolute = resolve(options.cwd, path);
    if (await isFile(absolute)) return absolute;
    throw notFound(`There is no manifest at ${path}`);
  }
  for (let dir = resolve(options.cwd); ; dir = dirname(dir)) {
    options.signal.throwIfAborted();
    const candidate = resolve(dir, DEFAULT_MANIFEST);
    if (await isFile(candidate)) return candidate;
    if (dir === dirname(dir)) break;
  }
  throw notFound(`There is no ${DEFAULT_MANIFEST} in ${options.cwd} nor in a folder above it`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A folder that may not be searched, or a file in place of one, holds no manifest for us.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return false;
    throw error;
  }
}

function notFound(message: string): FloeError<"FLOE_MANIFEST_NOT_FOUND"> {
  return new FloeError({
    code: "FLOE_MANIFEST_NOT_FOUND",
    message,
    hint: "Run `floe init` to write one, or name it with -m.",
  });
}
