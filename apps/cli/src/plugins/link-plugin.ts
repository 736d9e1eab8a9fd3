import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { PluginSource } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { type CheckedPackage, checkPackage } from "./check-package.ts";
import { putInPlace } from "./install-plugin.ts";
import {
  folderOfPlugin,
  type InstallNote,
  isPackageName,
  NOTE_FILE,
  PASSING,
  readJson,
} from "./installed-plugins.ts";

/**
 * Makes the package in a folder one of the user's plugins, where it is: what is changed there counts at once. Its
 * dependencies are whoever works on it has installed.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - there is no package
 * @throws {FloeError} FLOE_PLUGIN_… - it cannot be used
 */
export async function linkPlugin(
  path: string,
  options: {
    readonly home: string;
    readonly bundled: readonly PluginSource[];
    readonly cwd: string;
  },
): Promise<CheckedPackage> {
  const { home } = options;
  const root = resolve(options.cwd, path);
  const checked = await checkPackage(readLinked(root), options);
  await mkdir(home, { recursive: true });
  const folder = join(home, `${PASSING}new-${randomUUID()}`);
  try {
    await mkdir(folder);
    const { name, descriptor } = checked;
    const note: InstallNote = { name, from: root, linked: root, descriptor };
    await writeFile(join(folder, NOTE_FILE), JSON.stringify(note));
    await putInPlace(folder, folderOfPlugin(home, checked.name), home);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return checked;
}

function readLinked(root: string): PluginSource {
  let pkg: Readonly<Record<string, unknown>>;
  try {
    pkg = readJson(join(root, "package.json"));
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_PLUGIN_NOT_FOUND",
      message: `${root} holds no package: its package.json cannot be read`,
      hint: "Give the folder of the plugin's package.json.",
      details: { path: root },
      cause,
    });
  }
  const { name, version } = pkg;
  if (!isPackageName(name) || typeof version !== "string") {
    throw new FloeError({
      code: "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      message: `the package.json of ${root} has no valid name and version`,
      hint: "Give it both, as for a package that is published.",
      details: { path: root },
    });
  }
  return { name, version, root, origin: "link", descriptor: pkg["floe"] };
}
