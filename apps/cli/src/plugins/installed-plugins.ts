import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PluginSource } from "@floe/core";

/** What floe notes about a plugin that it has put into the plugin folder. */
export interface InstallNote {
  readonly name: string;
  /** What was asked for, so that it can be installed again: `floe-plugin-acme@^1`, `file:/srv/acme.tgz`. */
  readonly from: string;
  /** The folder of a linked plugin, absolute; `null`: the package is in `node_modules`. */
  readonly linked: string | null;
  /** The `floe` field as it was then: what a plugin would provide is known even when its package is gone. */
  readonly descriptor: unknown;
}

/** A plugin in the user's plugin folder, good or not. Nothing of it was imported. */
export interface InstalledPlugin extends PluginSource {
  /** As in {@link InstallNote}; empty where the note cannot be read. */
  readonly from: string;
  /** Its folder in the plugin folder, absolute. */
  readonly folder: string;
  /** Why its package cannot be read; `null` when it can. */
  readonly unreadable: string | null;
}

/** The note's file in a plugin's folder. */
export const NOTE_FILE = "floe-install.json";

/** What folders begin with that are on their way in or out. */
export const PASSING = ".";

/** A package name as registries take them; nothing that leads out of a folder. */
const PACKAGE_NAME = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;

/** Bytes of a JSON file that are read; whoever has a larger one hides something. */
const MAX_JSON_BYTES = 1024 * 1024;

/** Says whether a text is the name of a package, and safe as a part of a path. */
export function isPackageName(name: unknown): name is string {
  return typeof name === "string" && name.length <= 214 && PACKAGE_NAME.test(name);
}

/** The folder in which a plugin of that name is kept. */
export function folderOfPlugin(home: string, name: string): string {
  return join(home, name.replace("/", "+"));
}

/**
 * Lists what the user has installed and linked, in order of names. A folder that cannot be understood is listed with the
 * reason: it must not break a command that has nothing to do with it.
 */
export function listInstalledPlugins(home: string): InstalledPlugin[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(home, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(PASSING))
    .map((entry) => readInstalled(home, entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readInstalled(home: string, entry: string): InstalledPlugin {
  const folder = join(home, entry);
  const name = entry.replace("+", "/");
  const broken = (why: string, note?: InstallNote): InstalledPlugin => ({
    ...{ name, version: "0.0.0", root: note?.linked ?? folder, folder },
    descriptor: note?.descriptor ?? null,
    origin: note?.linked ? "link" : "user",
    from: note?.from ?? "",
    unreadable: why,
  });
  let note: InstallNote;
  try {
    note = parseNote(readJson(join(folder, NOTE_FILE)));
  } catch (cause) {
    return broken(`${NOTE_FILE} cannot be read: ${reasonOf(cause)}`);
  }
  if (note.name !== name) return broken(`${NOTE_FILE} is about ${note.name}`);
  const root = note.linked ?? join(folder, "node_modules", name);
  try {
    const pkg = readJson(join(root, "package.json"));
    if (pkg["name"] !== name)
      return broken(`${root} holds the package ${String(pkg["name"])} now`, note);
    const version = typeof pkg["version"] === "string" ? pkg["version"] : "0.0.0";
    const origin = note.linked === null ? "user" : "link";
    const descriptor = pkg["floe"];
    return { name, version, root, origin, descriptor, folder, from: note.from, unreadable: null };
  } catch (cause) {
    return broken(`its package.json cannot be read: ${reasonOf(cause)}`, note);
  }
}

/** Reads a JSON object from a file. @throws {Error} it is too large, not there or no object */
export function readJson(path: string): Readonly<Record<string, unknown>> {
  if (statSync(path).size > MAX_JSON_BYTES) throw new Error(`${path} is larger than 1 MiB`);
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${path} is no JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

function parseNote(json: Readonly<Record<string, unknown>>): InstallNote {
  const { name, from, linked, descriptor = null } = json;
  if (!isPackageName(name) || typeof from !== "string")
    throw new Error("it is not what floe writes");
  return { name, from, linked: typeof linked === "string" ? linked : null, descriptor };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
