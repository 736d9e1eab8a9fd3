import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { open } from "node:fs/promises";
import type { SecretRef } from "../manifest.ts";

/** Far above any public key. */
const MAX_KEY_BYTES = 64 * 1024;

/** A public key that was read, or why it was not. */
export type PublicKeyResult =
  | {
      readonly ok: true;
      /** PEM, SPKI. */
      readonly pem: string;
      /** `sha256:<hex>` over the SPKI DER. */
      readonly fingerprint: string;
    }
  | { readonly ok: false; readonly problem: string };

/** Reads a public key that a reference names. Nothing that was read is ever part of a problem. */
export async function readPublicKey(
  ref: SecretRef,
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly signal: AbortSignal },
): Promise<PublicKeyResult> {
  if (ref.from === "env") {
    const text = Object.hasOwn(env, ref.name) ? env[ref.name] : undefined;
    if (text === undefined || text === "")
      return { ok: false, problem: `the environment variable ${ref.name} is not set` };
    return parsePublicKey(text, `the environment variable ${ref.name}`);
  }
  options.signal.throwIfAborted();
  let text: string;
  try {
    await using handle = await open(ref.path, "r");
    const stats = await handle.stat();
    if (!stats.isFile()) return { ok: false, problem: `${ref.path} is not a file` };
    if (stats.size > MAX_KEY_BYTES)
      return { ok: false, problem: `${ref.path} is too large for a public key` };
    text = await handle.readFile({ encoding: "utf8", signal: options.signal });
  } catch (cause) {
    options.signal.throwIfAborted();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    return { ok: false, problem: `the key file ${ref.path} ${why}` };
  }
  return parsePublicKey(text, ref.path);
}

function parsePublicKey(text: string, where: string): PublicKeyResult {
  const refuse = (problem: string): PublicKeyResult => ({
    ok: false,
    problem: `${where} ${problem}`,
  });
  // Node would derive the public half of a private key: a secret in a place for public things must be said.
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return refuse("holds a private key; name its public half here");
  const pem = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g;
  const found = text.match(pem);
  if (!found?.[0]) return refuse("holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
  if (found.length > 1) return refuse("holds more than one public key");
  let key: KeyObject;
  try {
    key = createPublicKey({ key: found[0], format: "pem", type: "spki" });
  } catch {
    return refuse("holds a damaged public key");
  }
  const details = key.asymmetricKeyDetails;
  const isEcdsa = key.asymmetricKeyType === "ec" && details?.namedCurve === "prime256v1";
  const isRsa = key.asymmetricKeyType === "rsa" && (details?.modulusLength ?? 0) >= 2048;
  if (!isEcdsa && !isRsa)
    return refuse(
      `holds a ${nameKind(key)} key; floe and cosign use ECDSA P-256 and RSA with at least 2048 bits`,
    );
  const der = key.export({ format: "der", type: "spki" });
  return {
    ok: true,
    pem: key.export({ format: "pem", type: "spki" }).toString(),
    fingerprint: `sha256:${createHash("sha256").update(der).digest("hex")}`,
  };
}

function nameKind(key: KeyObject): string {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  return [key.asymmetricKeyType, namedCurve ?? modulusLength].filter(Boolean).join(" ");
}
