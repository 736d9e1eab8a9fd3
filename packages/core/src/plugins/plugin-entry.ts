import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { PluginSource } from "./descriptor.ts";
import { loadFailure } from "./load-failure.ts";

/**
 * Finds the module of a plugin, the way Node resolves the package; nothing of it is imported.
 * @returns an absolute path
 * @throws {FloeError} FLOE_PLUGIN_LOAD_FAILED - its package.json names no module, or one that is not there
 */
export function pluginEntry(source: PluginSource): string {
  const require = createRequire(join(source.root, "package.json"));
  let entry: string;
  try {
    // Resolved from the plugin's own folder, not from core's: that is where its package.json's exports apply.
    entry = require.resolve(source.name);
  } catch (cause) {
    entry = mainOf(source, require, cause);
  }
  if (existsSync(entry)) return entry;
  throw loadFailure(source, `its module ${entry} is not there`);
}

// A package resolves itself by name only when it has an exports map; without one its main file is next to it.
function mainOf(source: PluginSource, require: NodeJS.Require, cause: unknown): string {
  try {
    const { exports } = require("./package.json") as { readonly exports?: unknown };
    if (exports === undefined) return require.resolve(source.root);
  } catch {
    // What is wrong with the package was said by the first attempt.
  }
  throw loadFailure(
    source,
    'its entry cannot be resolved; its package.json needs exports with "default", and the file must be there',
    cause,
  );
}
