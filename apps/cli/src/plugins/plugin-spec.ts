import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import { isPackageName } from "./installed-plugins.ts";

/** A version, a range or a tag as they follow a package's name; nothing that a program could take for a flag. */
const RANGE = /^[\w.^~<>=|*+][\w.^~<>=|*+ -]{0,99}$/;

/**
 * Reads what a plugin is installed from: a name with or without `@version`, `file:PATH`, or the path of a tarball.
 * @returns what npm is told, with absolute paths
 * @throws {FloeError} FLOE_USAGE_INVALID - it is neither
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - the file is not there
 */
export function parsePluginSpec(text: string, cwd: string): string {
  const isFile = text.startsWith("file:") || /^(?:\.{0,2}\/|~\/)|\.t(?:ar\.)?gz$/.test(text);
  if (isFile && !text.includes("://")) return tarball(text.replace(/^file:/, ""), cwd);
  const at = text.indexOf("@", 1);
  const [name, range] = at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
  if (isPackageName(name) && (range === null || RANGE.test(range))) return text;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(text)} is neither the name of a package nor a tarball`,
    hint: "Give a name (floe-plugin-acme, @acme/gates@1.2.0), or file:PATH of what npm pack made.",
    details: { plugin: text },
  });
}

function tarball(path: string, cwd: string): string {
  const file = resolve(cwd, path);
  if (!existsSync(file)) {
    throw new FloeError({
      code: "FLOE_PLUGIN_NOT_FOUND",
      message: `there is no file ${file}`,
      hint: "Give the path of a tarball, as npm pack makes them.",
      details: { path: file },
    });
  }
  if (statSync(file).isFile()) return `file:${file}`;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${file} is a folder, and a plugin is installed from a tarball`,
    hint: `Use it where it is, while you work on it: floe plugins link ${path}. Or pack it first: npm pack ${path}`,
    details: { path: file },
  });
}
