import { readFile } from "node:fs/promises";
import type { CallOptions, Manifest, TrustedSigner } from "@floe/core";
import { FloeError } from "@floe/core/errors";

/** Everybody whose signature means something to a project: the keys of artifacts first, then its identities. */
export function trustedSigners(manifest: Manifest): TrustedSigner[] {
  const keys = new Map<string, TrustedSigner>();
  for (const { verification } of manifest.environments)
    for (const { name, publicKey } of verification.keys)
      keys.set(publicKey, { method: "key", name, publicKey });
  return [...keys.values(), ...manifest.identities.map((identity) => identity.trusted)];
}

/**
 * Reads a public key that was named on the command line: a file, or `NAME://ID` of a KMS, whose plugin is asked for it.
 * @throws {FloeError} FLOE_KEY_INVALID - it cannot be read, or is no key that floe can use
 * @throws {FloeError} FLOE_KMS_PLUGIN_FAILED - the plugin is missing or fails
 */
export async function readPublicKeyFile(path: string, { signal }: CallOptions): Promise<string> {
  const { loadPublicKey, openKmsKey, parseKmsUri, publicKeyPem } = await import("@floe/signing");
  const kms = parseKmsUri(path);
  if (kms !== null) return (await openKmsKey(kms, { env: process.env, signal })).publicKeyPem;
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new FloeError({
      code: "FLOE_KEY_INVALID",
      message: `${path} cannot be read`,
      hint: "Give the path of a public key file, or NAME://ID of a KMS.",
      cause,
    });
  });
  return publicKeyPem(loadPublicKey(text));
}
