import { isAbsolute, resolve } from "node:path";
import type { SecretRef } from "../manifest/manifest.ts";

/** Takes a `*_ref` of a plugin's settings apart: `env:NAME`, `file:PATH` or a bare path, which counts from a folder. */
export function secretRefOf(text: string, baseDir: string): SecretRef {
  if (text.startsWith("env:")) return { from: "env", name: text.slice("env:".length) };
  const path = text.startsWith("file:") ? text.slice("file:".length) : text;
  return { from: "file", path: isAbsolute(path) ? path : resolve(baseDir, path) };
}
