import { readFile } from "node:fs/promises";
import { FloeError, type SecretRef } from "@floe/core";

/** Takes `env:NAME`, `file:PATH` or a bare path, as given on the command line, apart. */
export function parseSecretRef(text: string): SecretRef {
  if (text.startsWith("env:")) return { from: "env", name: text.slice(4) };
  return { from: "file", path: text.startsWith("file:") ? text.slice(5) : text };
}

/**
 * Reads the value behind a reference, without the line end that files have.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - not set, or not readable
 */
export async function readSecret(ref: SecretRef, env: NodeJS.ProcessEnv): Promise<string> {
  if (ref.from === "env") {
    const value = env[ref.name];
    if (value !== undefined) return value;
    throw new FloeError({
      code: "FLOE_SECRET_UNREADABLE",
      message: `the environment variable ${ref.name} is not set`,
      hint: `Set ${ref.name}, or change the reference env:${ref.name}.`,
    });
  }
  try {
    return (await readFile(ref.path, "utf8")).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_SECRET_UNREADABLE",
      message: `${ref.path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown error"})`,
      hint: "Check the path; relative paths in a manifest count from the manifest's folder.",
      cause,
    });
  }
}
