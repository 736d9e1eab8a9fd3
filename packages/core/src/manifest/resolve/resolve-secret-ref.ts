import { resolve } from "node:path";
import type { IssuePath } from "../issue-list.ts";
import type { KeyRef, SecretRef } from "../manifest.ts";
import { expandVariables } from "./expand-variables.ts";
import type { ResolveContext } from "./resolve-context.ts";

/**
 * Reads a `*_ref`. What it says is never shown: people paste the secret itself where its place belongs.
 */
export function resolveSecretRef(
  context: ResolveContext,
  text: string | undefined,
  path: IssuePath,
): SecretRef | null {
  if (text === undefined) return null;
  const expanded = expandVariables(context, text, path);
  if (expanded === null) return null;
  if (/[\r\n]/.test(expanded) || expanded.startsWith("-----")) {
    context.report(path, "holds the secret or key itself; write env:NAME, file:PATH or a path");
    return null;
  }
  if (expanded.startsWith("env:")) {
    const name = expanded.slice("env:".length);
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { from: "env", name };
    context.report(path, "env: must be followed by the name of an environment variable");
    return null;
  }
  const file = expanded.startsWith("file:") ? expanded.slice("file:".length) : expanded;
  // One letter before the colon is a drive.
  if (file === "" || (file === expanded && /^[A-Za-z][A-Za-z0-9+.-]+:/.test(file))) {
    context.report(path, "expected env:NAME, file:PATH or a path");
    return null;
  }
  return { from: "file", path: resolve(context.dirOf(path), file) };
}

/** Reads the place of a private key: as a `*_ref`, or `NAME://id` of a KMS. */
export function resolveKeyRef(
  context: ResolveContext,
  text: string | undefined,
  path: IssuePath,
): KeyRef | null {
  if (text === undefined || !KMS_URI.test(text)) return resolveSecretRef(context, text, path);
  const uri = expandVariables(context, text, path);
  return uri === null ? null : { from: "kms", uri };
}

/** The name of the plugin, and what it knows the key by (sigstore's KMS plugin protocol). */
const KMS_URI = /^[a-z0-9][a-z0-9-]{0,63}:\/\/[\x20-\x7e]{1,2048}$/;
