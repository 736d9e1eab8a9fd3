import { createPrivateKey, type KeyObject } from "node:crypto";
import { decodeBase64 } from "../encoding/base64.ts";
import { openKey } from "./encrypted-key.ts";
import { assertUsableKind, keyInvalid, passwordWrong } from "./key-error.ts";
import { findPemBlocks, type PemBlock } from "./pem.ts";

/** How to open a private key. */
export interface PrivateKeyOptions {
  /** Needed for encrypted keys only; empty is a password like any other, absent is none. */
  readonly password?: string | undefined;
}

/**
 * Reads a private key from PEM: cosign's encrypted form under both its labels, PKCS#8 (plain or encrypted), SEC1 EC
 * and PKCS#1 RSA.
 * @throws {FloeError} FLOE_KEY_INVALID - not readable, or neither ECDSA P-256 nor RSA of at least 2048 bits
 * @throws {FloeError} FLOE_KEY_PASSWORD_WRONG - encrypted, and the password is missing or does not open it
 */
export async function loadPrivateKey(
  pem: string,
  { password }: PrivateKeyOptions = {},
): Promise<KeyObject> {
  const block = findPrivateBlock(pem);
  const key = await readBlock(block, password);
  assertUsableKind(key, "private key");
  return key;
}

function findPrivateBlock(pem: string): PemBlock {
  const blocks = findPemBlocks(pem);
  // `openssl ecparam -genkey` writes an EC PARAMETERS block before the key.
  const found = blocks.find((block) => block.label.endsWith("PRIVATE KEY"));
  if (found) return found;
  const [first] = blocks;
  throw keyInvalid(
    first
      ? `a private key was expected and the file holds a ${first.label}`
      : "a private key was expected and the file holds no PEM block",
  );
}

async function readBlock(block: PemBlock, password: string | undefined): Promise<KeyObject> {
  switch (block.label) {
    case "ENCRYPTED SIGSTORE PRIVATE KEY":
    case "ENCRYPTED COSIGN PRIVATE KEY":
      return await readCosignKey(block, password);
    case "ENCRYPTED PRIVATE KEY":
      return readEncryptedPkcs8(block, password);
    case "PRIVATE KEY":
    case "EC PRIVATE KEY":
    case "RSA PRIVATE KEY":
      return readPlainKey(block);
    default:
      throw keyInvalid(`floe cannot read a private key of the form ${block.label}`);
  }
}

async function readCosignKey(block: PemBlock, password: string | undefined): Promise<KeyObject> {
  if (password === undefined)
    throw passwordWrong("the private key is encrypted and no password was given");
  const envelope = decodeBase64(block.body);
  if (envelope === null) throw keyInvalid("the encrypted private key is not base64");
  const der = Buffer.from(await openKey(envelope, password));
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } catch (cause) {
    throw keyInvalid("the decrypted private key is not a PKCS#8 key", cause);
  } finally {
    der.fill(0);
  }
}

function readEncryptedPkcs8(block: PemBlock, password: string | undefined): KeyObject {
  if (password === undefined)
    throw passwordWrong("the private key is encrypted and no password was given");
  try {
    return createPrivateKey({ key: block.text, format: "pem", passphrase: password });
  } catch (cause) {
    // A wrong password decrypts to noise: OpenSSL sees bad padding, or ASN.1 that makes no sense.
    throw isUnsupported(cause)
      ? keyInvalid("the private key is encrypted in a way that OpenSSL does not support", cause)
      : passwordWrong("the private key cannot be opened with the given password", cause);
  }
}

function readPlainKey(block: PemBlock): KeyObject {
  if (block.text.includes("Proc-Type:")) {
    throw keyInvalid(
      'the private key uses OpenSSL\'s traditional encryption; convert it with "openssl pkcs8 -topk8"',
    );
  }
  try {
    return createPrivateKey({ key: block.text, format: "pem" });
  } catch (cause) {
    throw keyInvalid(`the ${block.label} block cannot be read as a key`, cause);
  }
}

function isUnsupported(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_OSSL_UNSUPPORTED";
}
