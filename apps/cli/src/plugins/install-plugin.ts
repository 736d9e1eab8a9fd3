import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PluginSource } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { type CheckedPackage, checkPackage, readPackage } from "./check-package.ts";
import {
  folderOfPlugin,
  type InstallNote,
  isPackageName,
  NOTE_FILE,
  PASSING,
  readJson,
} from "./installed-plugins.ts";
import { runNpm } from "./run-npm.ts";

/** What a plugin is installed with. */
export interface InstallOptions {
  /** The plugin folder. */
  readonly home: string;
  /** Plugins that come with floe. */
  readonly bundled: readonly PluginSource[];
  /** Runs the install scripts of the plugin and of all that it depends on. */
  readonly runScripts: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A plugin that was installed. */
export interface InstallOutcome extends CheckedPackage {
  readonly from: string;
  /** Packages whose install scripts were not run. */
  readonly skippedScripts: readonly string[];
}

/** A folder that somebody left behind. Milliseconds. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * Installs a plugin: npm fills a folder beside the others, what it brought is checked, and only then the folder takes its
 * place. Whatever goes wrong before leaves nothing behind, and no code of the plugin runs unless `runScripts` says so.
 * @param from - of `parsePluginSpec`
 * @throws {FloeError} FLOE_PLUGIN_INSTALL_FAILED, FLOE_PLUGIN_NOT_FOUND - npm could not
 * @throws {FloeError} FLOE_PLUGIN_… - what it brought cannot be used
 */
export async function installPlugin(
  from: string,
  options: InstallOptions,
): Promise<InstallOutcome> {
  const { home, env, signal } = options;
  await mkdir(home, { recursive: true });
  await removeAbandoned(home);
  const folder = join(home, `${PASSING}new-${randomUUID()}`);
  try {
    await mkdir(folder);
    // With a package.json npm stays in this folder instead of looking for a project above it.
    await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
    const flags = [
      `--ignore-scripts=${!options.runScripts}`,
      ...["--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
      ...["--no-global", "--no-workspaces", "--save", "--foreground-scripts=false"],
    ];
    await runNpm(["install", ...flags, "--", from], { cwd: folder, env, signal });
    const name = onlyDependency(folder, from);
    const checked = await checkPackage(await readPackage(name, folder), options);
    const note: InstallNote = { name, from, linked: null, descriptor: checked.descriptor };
    await writeFile(join(folder, NOTE_FILE), JSON.stringify(note));
    const skippedScripts = options.runScripts ? [] : packagesWithScripts(folder);
    const place = folderOfPlugin(home, name);
    await putInPlace(folder, place, home);
    return { ...checked, root: join(place, "node_modules", name), from, skippedScripts };
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
}

/** Makes a folder of the plugin folder take its place, instead of what is there. */
export async function putInPlace(folder: string, place: string, home: string): Promise<void> {
  const old = join(home, `${PASSING}old-${randomUUID()}`);
  const replaces = existsSync(place);
  if (replaces) await rename(place, old);
  try {
    await rename(folder, place);
  } catch (cause) {
    if (replaces) await rename(old, place);
    throw cause;
  }
  if (replaces) await rm(old, { recursive: true, force: true });
}

// What npm has made of the source is in the folder's package.json: the name of a tarball's package is known only then.
function onlyDependency(folder: string, from: string): string {
  const dependencies = readJson(join(folder, "package.json"))["dependencies"] ?? {};
  const [name, more] = Object.keys(dependencies);
  if (isPackageName(name) && more === undefined) return name;
  throw new FloeError({
    code: "FLOE_PLUGIN_INSTALL_FAILED",
    message: `${from} did not become one package`,
    hint: "Nothing was changed. Give the name of one package, or a tarball that npm pack has made.",
    details: { plugin: from },
  });
}

function packagesWithScripts(folder: string): string[] {
  const lock = readJson(join(folder, "package-lock.json"))["packages"];
  return Object.entries((lock ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([, entry]) => (entry as { hasInstallScript?: unknown }).hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
}

async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(PASSING)) continue;
    const path = join(home, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
