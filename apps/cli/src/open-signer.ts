import {
  FloeError,
  isFloeError,
  type Manifest,
  type SecretRef,
  type Signer,
  type SignerOrigin,
} from "@floe/core";
import { parseSecretRef, readSecret } from "./adapters/read-secret.ts";

/** A signer with the public key that belongs to it. */
export interface OpenedSigner {
  readonly signer: Signer;
  readonly publicKey: string;
}

/** Somebody who can be proven, or not, and where that was looked for. */
export interface FoundSigner {
  readonly opened: OpenedSigner | null;
  readonly origin: SignerOrigin;
}

/** What a signer is looked for with. */
export interface SignerSearch {
  /** `--key`. */
  readonly key: string | undefined;
  readonly manifest: Manifest;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Finds who runs floe: `--key` or FLOE_SIGNING_KEY, then the manifest's `promotion.operator.key_ref` and
 * `artifacts.signing.private_key_ref`. Nobody: only reads are possible. With `signing.mode: off` a key is made for this
 * run; it proves nothing about anybody.
 */
export async function findOperator(search: SignerSearch): Promise<FoundSigner> {
  const { manifest, env } = search;
  const looked: string[] = [];
  const given = givenKey(search.key, env);
  if (given !== null) return await found(given.chosen, openKey(given.ref, manifest, env), looked);
  looked.push("--key and FLOE_SIGNING_KEY: not given");
  for (const [name, ref] of [
    ["promotion.operator.key_ref", manifest.operatorKeyRef],
    ["artifacts.signing.private_key_ref", manifest.signing.privateKeyRef],
  ] as const) {
    if (ref !== null) return await found(name, openKey(ref, manifest, env), looked);
    looked.push(`${name}: not in the manifest`);
  }
  if (manifest.signing.mode !== "off") return { opened: null, origin: { chosen: null, looked } };
  const { createEphemeralSigner } = await import("@floe/signing");
  const signer = createEphemeralSigner();
  return await found(
    "artifacts.signing.mode: off",
    { signer, publicKey: signer.publicKeyPem },
    looked,
  );
}

async function found(
  chosen: string,
  opened: OpenedSigner | Promise<OpenedSigner>,
  looked: readonly string[],
): Promise<FoundSigner> {
  return { opened: await opened, origin: { chosen, looked } };
}

/** The key that the command line or the environment names; `null`: neither does. */
export function givenKey(
  key: string | undefined,
  env: NodeJS.ProcessEnv,
): { readonly chosen: string; readonly ref: SecretRef } | null {
  if (key !== undefined) return { chosen: "--key", ref: parseSecretRef(key, "--key") };
  const fromEnv = env["FLOE_SIGNING_KEY"];
  if (fromEnv === undefined || fromEnv === "") return null;
  return { chosen: "FLOE_SIGNING_KEY", ref: parseSecretRef(fromEnv, "FLOE_SIGNING_KEY") };
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
