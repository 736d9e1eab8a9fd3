import { readFile } from "node:fs/promises";
import { FloeError, type KeyRef, type SecretRef } from "@floe/core";

/**
 * Takes `env:NAME`, `file:PATH` or a bare path, as given on the command line, apart. People put the secret itself where
 * its place belongs, so what does not look like a place is not shown.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - the secret itself, or no name of a variable
 */
export function parseSecretRef(text: string, givenBy: string): SecretRef {
  if (text.startsWith("env:")) {
    const name = text.slice("env:".length);
    if (/^[A-Za-z_][A-Za-z0-9_]{0,200}$/.test(name)) return { from: "env", name };
    throw noPlace(`${givenBy}: env: must be followed by the name of an environment variable`);
  }
  const path = text.startsWith("file:") ? text.slice("file:".length) : text;
  const isPlace =
    !/[\r\n]/.test(path) &&
    !path.includes("-----") &&
    !/^[A-Za-z0-9+_=-][A-Za-z0-9+/_=-]{99,}$/.test(path);
  if (isPlace) return { from: "file", path };
  throw noPlace(`${givenBy} holds the secret or key itself (not shown)`);
}

/**
 * The same for private keys, which a KMS may hold as well: `NAME://id`.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - the key itself, or no name of a variable
 */
export function parseKeyRef(text: string, givenBy: string): KeyRef {
  return /^[a-z0-9][a-z0-9-]{0,63}:\/\/./.test(text)
    ? { from: "kms", uri: text }
    : parseSecretRef(text, givenBy);
}

function noPlace(message: string): FloeError {
  return new FloeError({
    code: "FLOE_SECRET_UNREADABLE",
    message,
    hint: "Say where it is: a file, file:PATH, or env:NAME for a variable that holds it.",
  });
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
