import { createHash, type KeyObject } from "node:crypto";
import { isFloeError } from "@floe/core/errors";
import { MEDIA_TYPES } from "@floe/core/model";
import type { Signer } from "@floe/core/ports";
import { preAuthEncoding } from "../bundle/pae.ts";
import { writeBundle } from "../bundle/write-bundle.ts";
import { decodeBase64 } from "../encoding/base64.ts";
import { own } from "../encoding/json-object.ts";
import { keyHint, keyId, loadPublicKey, publicKeyPem } from "../keys/public-key.ts";
import { signatureMatches } from "../verify/signature-matches.ts";
import { failed, type PluginOptions, rpcOptions, runPlugin } from "./run-plugin.ts";

/** A key that a KMS holds: its public half, and who signs with it. */
export interface KmsKey {
  readonly publicKeyPem: string;
  readonly signer: Signer;
}

/** `NAME://id`, where the program `sigstore-kms-NAME` knows the key. */
interface KmsUri {
  readonly name: string;
  readonly id: string;
}

/** Reads `NAME://id`; `null` for everything else, such as a path. */
export function parseKmsUri(text: string): KmsUri | null {
  const match = /^([a-z0-9][a-z0-9-]{0,63}):\/\/([\x20-\x7e]{1,2048})$/.exec(text);
  const [, name, id] = match ?? [];
  return name === undefined || id === undefined ? null : { name, id };
}

/**
 * Opens a key that a KMS holds, by the plugin protocol of sigstore: `sigstore-kms-NAME` is asked for the public key once,
 * and for each signature. A signature is given on only if it verifies with that key.
 * @throws {FloeError} FLOE_KMS_PLUGIN_FAILED - the plugin is missing, fails, does not answer in time, or its key is neither
 * ECDSA P-256 nor RSA of at least 2048 bits
 */
export async function openKmsKey({ name, id }: KmsUri, options: PluginOptions): Promise<KmsKey> {
  const answer = await runPlugin(
    { name, keyId: id, method: "publicKey", options: { publicKeyOptions: { rpcOptions } } },
    options,
  );
  const pem = decodeBase64(own(answer, "publicKeyPEM"));
  if (pem === null) throw failed(name, "gave no public key");
  const key = readKey(Buffer.from(pem).toString("utf8"), name);
  const signer: Signer = {
    signer: { method: "key", keyId: keyId(key) },
    async sign(statement, { signal }) {
      const message = preAuthEncoding(MEDIA_TYPES.inToto, statement);
      const signature = await signMessage({ name, id }, message, { ...options, signal });
      if (!signatureMatches(key, message, signature))
        throw failed(name, "gave a signature that is not by its own key over these bytes");
      return writeBundle({ statement, signature, keyHint: keyHint(key) });
    },
  };
  return { publicKeyPem: publicKeyPem(key), signer };
}

function readKey(pem: string, name: string): KeyObject {
  try {
    return loadPublicKey(pem);
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_KEY_INVALID")) throw cause;
    throw failed(name, `holds a key that cannot be used: ${cause.message}`, cause);
  }
}

async function signMessage(
  { name, id }: KmsUri,
  message: Uint8Array,
  options: PluginOptions,
): Promise<Uint8Array> {
  const digest = createHash("sha256").update(message).digest("base64");
  const signOptions = { rpcOptions, messageOptions: { digest, hashFunc: 5 } };
  const answer = await runPlugin(
    { name, keyId: id, method: "signMessage", options: { signOptions }, message },
    options,
  );
  const signature = decodeBase64(own(answer, "signature"));
  if (signature === null) throw failed(name, "gave no signature");
  return signature;
}
