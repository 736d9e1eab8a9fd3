import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  FloeError,
  isFloeError,
  type KeyRef,
  type Logger,
  type Manifest,
  type SecretRef,
  type Signer,
  type SignerOrigin,
  usesKeyless,
} from "@floe/core";
import { parseKeyRef, readSecret } from "./adapters/read-secret.ts";

/** A signer with the public key that belongs to it. */
export interface OpenedSigner {
  readonly signer: Signer;
  /** PEM; `null` for a keyless signer, whose key is another one each time. */
  readonly publicKey: string | null;
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
  readonly logger: Pick<Logger, "warn">;
  readonly signal: AbortSignal;
}

/**
 * Finds who runs floe: `--key` or FLOE_SIGNING_KEY, an OIDC token, then the manifest's `promotion.operator.key_ref` and
 * `artifacts.signing.private_key_ref`, then a login where the manifest signs keyless and there is a terminal. Nobody: only
 * reads are possible. With `signing.mode: off` a key is made for this run; it proves nothing about anybody.
 *
 * A token counts only where the manifest speaks of keyless signatures: CI jobs have tokens for other purposes, and using
 * one makes its subject known to a log.
 */
export async function findOperator(search: SignerSearch): Promise<FoundSigner> {
  const { manifest, env } = search;
  const looked: string[] = [];
  const given = givenKey(search.key, env);
  if (given !== null) return await found(given.chosen, openKey(given.ref, search), looked);
  looked.push("--key and FLOE_SIGNING_KEY: not given");
  const { ambientTokenSource, createEphemeralSigner } = await import("@floe/signing");
  const ambient = ambientTokenSource(env);
  if (ambient !== null && usesKeyless(manifest)) {
    const { openKeyless } = await import("./open-keyless.ts");
    return await found(
      ambient.name,
      openKeyless(ambient, manifest.signing.sigstore, search),
      looked,
    );
  }
  looked.push(
    ambient === null
      ? "SIGSTORE_ID_TOKEN and GitHub Actions: no token"
      : `the token of ${ambient.name}: not used, since the manifest has no keyless identity`,
  );
  for (const [name, ref] of [
    ["promotion.operator.key_ref", manifest.operatorKeyRef],
    ["artifacts.signing.private_key_ref", manifest.signing.privateKeyRef],
  ] as const) {
    if (ref !== null) return await found(name, openKey(ref, search), looked);
    looked.push(`${name}: not in the manifest`);
  }
  if (manifest.signing.mode === "keyless") {
    const { loginSource } = await import("./find-token.ts");
    const login = await loginSource(manifest.signing.sigstore, env);
    if (login !== null) {
      const { openKeyless } = await import("./open-keyless.ts");
      return await found(login.name, openKeyless(login, manifest.signing.sigstore, search), looked);
    }
    looked.push("a login: there is no terminal");
  }
  if (manifest.signing.mode !== "off") return { opened: null, origin: { chosen: null, looked } };
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
): { readonly chosen: string; readonly ref: KeyRef } | null {
  if (key !== undefined) return { chosen: "--key", ref: parseKeyRef(key, "--key") };
  const fromEnv = env["FLOE_SIGNING_KEY"];
  if (fromEnv === undefined || fromEnv === "") return null;
  return { chosen: "FLOE_SIGNING_KEY", ref: parseKeyRef(fromEnv, "FLOE_SIGNING_KEY") };
}

/**
 * Opens one private key, here or in a KMS; asks for its password on a terminal where nothing else says it.
 * @throws {FloeError} FLOE_USAGE_INVALID - what should name a key in a KMS does not
 * @throws {FloeError} FLOE_KMS_PLUGIN_FAILED - the KMS's plugin is missing or fails
 */
export async function openKey(
  ref: KeyRef,
  search: Pick<SignerSearch, "env" | "signal"> & { readonly manifest: Manifest | null },
): Promise<OpenedSigner> {
  const { manifest, env } = search;
  const signing = await import("@floe/signing");
  if (ref.from === "kms") {
    const uri = signing.parseKmsUri(ref.uri);
    if (uri === null) throw noKmsUri(ref.uri);
    const { signer, publicKeyPem } = await signing.openKmsKey(uri, search);
    return { signer, publicKey: publicKeyPem };
  }
  const pem = await readSecret(ref, env);
  const given = await configuredPassword(manifest, env);
  const beside = given !== null || !process.stdin.isTTY ? await publicKeyBeside(ref) : null;
  if (beside !== null) {
    const privateKey = signing.loadPrivateKey(pem, { password: given ?? "" });
    const placed = privateKey.catch((cause: unknown) => {
      throw withPlace(cause, ref, given);
    });
    const signer = signing.createDeferredKeySigner({
      name: placeOf(ref),
      publicKey: beside,
      privateKey: placed,
    });
    return { signer, publicKey: signing.publicKeyPem(beside) };
  }
  try {
    // Without any word about a password the empty one is tried: that is what keys made without one have, as in cosign.
    return opened(await signing.loadPrivateKey(pem, { password: given ?? "" }));
  } catch (cause) {
    const ask =
      given === null && isFloeError(cause, "FLOE_KEY_PASSWORD_WRONG") && process.stdin.isTTY;
    if (!ask) throw withPlace(cause, ref, given);
  }
  const { askSecret } = await import("./adapters/ask-secret.ts");
  const password = await askSecret(`Password of ${placeOf(ref)}: `);
  return opened(
    await signing.loadPrivateKey(pem, { password }).catch((cause: unknown) => {
      throw withPlace(cause, ref, password);
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

/**
 * The public key that lies beside a private one, as `release.pub` beside `release.key`. With it, what needs to be known of
 * the signer is known before the key is opened.
 */
async function publicKeyBeside(ref: SecretRef): Promise<KeyObject | null> {
  if (ref.from !== "file" || !ref.path.endsWith(".key")) return null;
  const { loadPublicKey } = await import("@floe/signing");
  try {
    return loadPublicKey(await readFile(`${ref.path.slice(0, -".key".length)}.pub`, "utf8"));
  } catch {
    // It is there for speed alone.
    return null;
  }
}

function noKmsUri(uri: string): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(uri)} names no key of a KMS`,
    hint: "A key in a KMS is written NAME://ID, for the plugin sigstore-kms-NAME; the name has lower-case letters, digits and hyphens.",
  });
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

function withPlace(cause: unknown, ref: SecretRef, password: string | null): unknown {
  if (!isFloeError(cause)) return cause;
  const problem =
    cause.code === "FLOE_KEY_PASSWORD_WRONG" && password === null
      ? "the private key is encrypted, and no password is given"
      : cause.message;
  return new FloeError({
    code: cause.code,
    message: `${placeOf(ref)}: ${problem}`,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}
