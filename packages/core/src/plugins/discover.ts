import { readFile, stat } from "node:fs/promises";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { FloeError } from "../errors/index.ts";
import type { PluginSource } from "./descriptor.ts";

/** Bytes of a package.json that are read. */
const MAX_PACKAGE_BYTES = 1024 * 1024;

/**
 * Finds a plugin package by name from a folder, the way Node would from a file there. Nothing of it is imported.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - not installed there
 * @throws {FloeError} FLOE_PLUGIN_DESCRIPTOR_INVALID - its package.json cannot be read
 */
export async function discoverPlugin(
  name: string,
  from: string,
  origin: PluginSource["origin"],
): Promise<PluginSource> {
  const base = join(from, "package.json");
  let path: string | undefined;
  try {
    path = findPackageJSON(name, pathToFileURL(base));
  } catch {
    path = undefined;
  }
  path ??= fallback(name, base);
  if (path === undefined) {
    throw new FloeError({
      code: "FLOE_PLUGIN_NOT_FOUND",
      message: `plugin ${name} is not installed for ${from}`,
      hint: `Install it there with your package manager, or for yourself with: floe plugins install ${name}`,
      details: { plugin: name },
    });
  }
  try {
    const { size } = await stat(path);
    if (size > MAX_PACKAGE_BYTES) throw new Error(`it has ${size} bytes`);
    const parsed = JSON.parse(await readFile(path, "utf8")) as {
      version?: unknown;
      floe?: unknown;
    };
    const version = typeof parsed.version === "string" ? parsed.version : "0.0.0";
    return { name, version, root: dirname(path), origin, descriptor: parsed.floe };
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      message: `plugin ${name}: its package.json cannot be read`,
      hint: "Reinstall the plugin.",
      details: { plugin: name },
      cause,
    });
  }
}

function fallback(name: string, base: string): string | undefined {
  try {
    return createRequire(base).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}
