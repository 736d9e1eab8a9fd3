import { constants, type Stats } from "node:fs";
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, extname, join, sep } from "node:path";
import type { DeployTarget, PinnedFile } from "@floe/core/deploy";
import { FloeError } from "@floe/core/errors";

/** A larger file of this kind is generated, and not by hand. */
const MAX_BYTES = 1024 * 1024;
const MAX_FILES = 1000;
const YAML = [".yaml", ".yml"];
const KUSTOMIZATIONS = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** The YAML files that a deployment may change, and where a new one would go. */
export interface DeployFiles {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly newPath: string;
}

/**
 * Reads the files at `--path`: a folder, or one file. Links are followed as long as they stay inside.
 * @throws {FloeError} FLOE_DEPLOY_PATH_REFUSED - a link leads outside, something is no file, or is too large
 */
export async function readDeployFiles(
  path: string,
  target: DeployTarget,
  { signal, newName }: { readonly signal: AbortSignal; readonly newName: string },
): Promise<DeployFiles> {
  const there = await statOrNull(path, await lstatOrNull(path));
  if (there && !there.isDirectory()) {
    const root = await realpath(dirname(path));
    return { files: [await readOne(path, root, signal)], newPath: path };
  }
  const newFile = join(path, NEW_NAMES[target] ?? `${newName}.yaml`);
  if (!there) {
    const isFile = YAML.includes(extname(path)) || KUSTOMIZATIONS.includes(basename(path));
    return { files: [], newPath: isFile ? path : newFile };
  }
  const names = await namesIn(path, target);
  const root = await realpath(path);
  const files = [];
  for (const name of names) files.push(await readOne(join(path, name), root, signal));
  return {
    files,
    newPath: files.length === 1 && NEW_NAMES[target] ? (files[0]?.path ?? newFile) : newFile,
  };
}

const NEW_NAMES: Readonly<Partial<Record<DeployTarget, string>>> = {
  kustomize: "kustomization.yaml",
  helm: "values.yaml",
};

async function namesIn(folder: string, target: DeployTarget): Promise<string[]> {
  const all = (await readdir(folder)).sort();
  const wanted =
    target === "kustomize"
      ? all.filter((name) => KUSTOMIZATIONS.includes(name))
      : target === "helm"
        ? all.filter((name) => name === "values.yaml")
        : all.filter((name) => YAML.includes(extname(name)));
  if (target === "kustomize" && wanted.length > 1)
    throw refused(`${folder} has ${wanted.join(" and ")}, of which one may be there`);
  if (wanted.length <= MAX_FILES) return wanted;
  throw refused(`${folder} has more than ${MAX_FILES} YAML files`);
}

async function readOne(
  path: string,
  root: string,
  signal: AbortSignal,
): Promise<{ path: string; text: string }> {
  const real = await realpath(path).catch(() => null);
  if (real === null) throw refused(`${path} is a link that leads nowhere`);
  if (dirname(real) !== root && !real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`))
    throw refused(`${path} is a link that leads outside, to ${real}`);
  // Not to wait for the other end of a pipe.
  await using file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (!found.isFile()) throw refused(`${path} is no file`);
  if (found.size > MAX_BYTES) throw refused(`${path} is larger than ${MAX_BYTES} bytes`);
  const bytes = await file.readFile({ signal });
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { path, text };
  } catch (cause) {
    throw refused(`${path} is no UTF-8 text`, cause);
  }
}

/**
 * Writes what has changed; whoever reads a file meanwhile sees the old one or the new one.
 * @throws {FloeError} FLOE_FILE_CHANGED - somebody else wrote the file meanwhile
 * @throws {FloeError} FLOE_OUTPUT_FAILED - a file cannot be written
 */
export async function writeDeployFiles(
  files: readonly PinnedFile[],
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  for (const file of files) {
    if (file.before === file.after) continue;
    signal.throwIfAborted();
    try {
      await writeOne(file);
    } catch (cause) {
      if (cause instanceof FloeError || !(cause instanceof Error && "code" in cause)) throw cause;
      throw new FloeError({
        code: "FLOE_OUTPUT_FAILED",
        message: `${file.path} cannot be written: ${String(cause.code)}`,
        cause,
      });
    }
  }
}

async function writeOne({ path, before, after }: PinnedFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // A link stays one: what it leads to is replaced.
  const real = before === null ? path : await realpath(path);
  const unfinished = join(dirname(real), `.${basename(real)}.${process.pid}.tmp`);
  try {
    await writeFile(unfinished, after, { flag: "wx" });
    if (before === null) await link(unfinished, path).catch(alreadyThere(path));
    else {
      if ((await readFile(real, "utf8")) !== before) throw changed(path);
      await chmod(unfinished, (await stat(real)).mode & 0o7777);
      await rename(unfinished, real);
    }
  } finally {
    await rm(unfinished, { force: true });
  }
}

function alreadyThere(path: string) {
  return (cause: unknown): never => {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") throw changed(path);
    throw cause;
  };
}

function changed(path: string): FloeError {
  return new FloeError({
    code: "FLOE_FILE_CHANGED",
    message: `${path} was changed by somebody else meanwhile`,
    hint: "Run the same command again.",
  });
}

function refused(message: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_DEPLOY_PATH_REFUSED",
    message,
    hint: "Nothing was written. Give the real folder or file with --path.",
    ...(cause === undefined ? {} : { cause }),
  });
}

async function lstatOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw refused(
      `${path} cannot be read: ${cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)}`,
      cause,
    );
  }
}

async function statOrNull(path: string, there: Stats | null): Promise<Stats | null> {
  if (!there?.isSymbolicLink()) return there;
  return await stat(path).catch((cause: unknown) => {
    throw refused(`${path} is a link that leads nowhere`, cause);
  });
}
