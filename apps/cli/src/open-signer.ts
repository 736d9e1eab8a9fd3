import { FloeError, isFloeError, type Manifest, type SecretRef, type Signer } from "@floe/core";
import { parseSecretRef, readSecret } from "./adapters/read-secret.ts";

/** A signer with the public key that belongs to it. */
export interface OpenedSigner {
  readonly signer: Signer;
  readonly publicKey: string;
}

/** Where a signing key comes from: the flag, the environment, then the manifest. */
export function signingKeyRef(
  key: string | undefined,
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
): SecretRef | null {
  if (key !== undefined) return parseSecretRef(key, "--key");
  const fromEnv = env["FLOE_SIGNING_KEY"];
  if (fromEnv !== undefined && fromEnv !== "") return parseSecretRef(fromEnv, "FLOE_SIGNING_KEY");
  return manifest?.operatorKeyRef ?? manifest?.signing.privateKeyRef ?? null;
}

/**
 * Opens the key that proves who runs floe. `null`: none is configured, so only reads are possible. With
 * `signing.mode: off` a key is made for this run; it proves nothing about anybody.
 */
export async function openSigner(
  key: string | undefined,
  manifest: Manifest,
  env: NodeJS.ProcessEnv,
): Promise<OpenedSigner | null> {
  const ref = signingKeyRef(key, manifest, env);
  const signing = await import("@floe/signing");
  if (!ref) {
    if (manifest.signing.mode !== "off") return null;
    const signer = signing.createEphemeralSigner();
    return { signer, publicKey: signer.publicKeyPem };
  }
  return await openKey(ref, manifest, env);
}

/** Opens one private key, asking for its password on a terminal where nothing else says it. */
export async function openKey(
  ref: SecretRef,
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
): Promise<OpenedSigner> {
  const signing = await import("@floe/signing");
  const pem = await readSecret(ref, env);
  const given = await configuredPassword(manifest, env);
  try {
    // Without any word about a password the empty one is tried: that is what keys made without one have, as in cosign.
    return opened(await signing.loadPrivateKey(pem, { password: given ?? "" }));
  } catch (cause) {
    const ask =
      given === null && isFloeError(cause, "FLOE_KEY_PASSWORD_WRONG") && process.stdin.isTTY;
    if (!ask) throw withPlace(cause, ref);
  }
  const { askSecret } = await import("./adapters/ask-secret.ts");
  const password = await askSecret(`Password of ${placeOf(ref)}: `);
  return opened(
    await signing.loadPrivateKey(pem, { password }).catch((cause: unknown) => {
      throw withPlace(cause, ref);
    }),
  );

  function opened(
    privateKey: Parameters<typeof signing.createKeySigner>[0]["privateKey"],
  ): OpenedSigner {
    return {
      signer: signing.createKeySigner({ privateKey }),
      publicKey: signing.publicKeyPem(privateKey),
    };
  }
}

async function configuredPassword(
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  if (manifest?.signing.passwordRef) return await readSecret(manifest.signing.passwordRef, env);
  return env["FLOE_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"] ?? null;
}

function placeOf(ref: SecretRef): string {
  return ref.from === "env" ? `variable ${ref.name}` : ref.path;
}

function withPlace(cause: unknown, ref: SecretRef): unknown {
  if (!isFloeError(cause)) return cause;
  return new FloeError({
    code: cause.code,
    message: `${placeOf(ref)}: ${cause.message}`,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}
