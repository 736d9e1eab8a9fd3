import { randomBytes } from "node:crypto";
import { decodeBase64 } from "../encoding/base64.ts";
import { isRecord, own } from "../encoding/json-object.ts";
import { deriveKey, OWN_PARAMETERS, type ScryptParameters } from "./derive-key.ts";
import { keyInvalid, passwordWrong } from "./key-error.ts";

/**
 * Encrypts a PKCS#8 key the way cosign does: scrypt and NaCl secretbox (XSalsa20-Poly1305). Returns the JSON that
 * goes into the PEM block `ENCRYPTED SIGSTORE PRIVATE KEY`.
 */
export async function sealKey(pkcs8: Uint8Array, password: string): Promise<Uint8Array> {
  const salt = randomBytes(32);
  const nonce = randomBytes(24);
  const secretbox = await loadSecretbox();
  const ciphertext = secretbox(
    await deriveKey({ password, salt, parameters: OWN_PARAMETERS }),
    nonce,
  ).seal(pkcs8);
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const envelope = {
    kdf: { name: "scrypt", params: OWN_PARAMETERS, salt: base64(salt) },
    cipher: { name: "nacl/secretbox", nonce: base64(nonce) },
    ciphertext: base64(ciphertext),
  };
  return new TextEncoder().encode(JSON.stringify(envelope));
}

/**
 * Decrypts what {@link sealKey} or cosign made and returns the PKCS#8 key.
 * @throws {FloeError} FLOE_KEY_PASSWORD_WRONG - the box does not open: another password, or damaged bytes
 * @throws {FloeError} FLOE_KEY_INVALID - not that format, or scrypt parameters that would cost too much
 */
export async function openKey(envelopeJson: Uint8Array, password: string): Promise<Uint8Array> {
  const { parameters, salt, nonce, ciphertext } = readEnvelope(envelopeJson);
  const secretbox = await loadSecretbox();
  const key = await deriveKey({ password, salt, parameters });
  try {
    return secretbox(key, nonce).open(ciphertext);
  } catch (cause) {
    throw passwordWrong("the private key cannot be opened with the given password", cause);
  }
}

function readEnvelope(json: Uint8Array) {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw keyInvalid("the encrypted private key does not hold JSON", cause);
  }
  const kdf = own(value, "kdf");
  const cipher = own(value, "cipher");
  if (own(kdf, "name") !== "scrypt" || own(cipher, "name") !== "nacl/secretbox")
    throw keyInvalid("the private key is not encrypted with scrypt and nacl/secretbox");
  const salt = decodeBase64(own(kdf, "salt"));
  const nonce = decodeBase64(own(cipher, "nonce"));
  const ciphertext = decodeBase64(own(value, "ciphertext"));
  // 16 bytes are the authentication tag alone.
  if (
    !salt ||
    salt.byteLength < 8 ||
    nonce?.byteLength !== 24 ||
    (ciphertext?.byteLength ?? 0) < 17
  )
    throw keyInvalid("the encrypted private key lacks a salt, a 24-byte nonce or the ciphertext");
  return {
    parameters: readParameters(own(kdf, "params")),
    salt,
    nonce,
    ciphertext: ciphertext ?? new Uint8Array(),
  };
}

/** The file says how much memory and time opening it takes (128 · N · r bytes), hence the caps: 1 GiB at most. */
function readParameters(value: unknown): ScryptParameters {
  const number = (name: string): number => {
    const found = own(value, name);
    return typeof found === "number" && Number.isSafeInteger(found) && found > 0 ? found : 0;
  };
  const [N, r, p] = [number("N"), number("r"), number("p")];
  const isPowerOfTwo = Number.isInteger(Math.log2(N));
  if (!isRecord(value) || !isPowerOfTwo || N < 2 || r < 1 || p < 1)
    throw keyInvalid("the encrypted private key has no usable scrypt parameters");
  if (N > 2 ** 20 || r > 8 || p > 4) {
    throw keyInvalid(
      `the encrypted private key asks for scrypt N=${N}, r=${r}, p=${p}; at most N=1048576, r=8, p=4 are accepted`,
    );
  }
  return { N, r, p };
}

/** Loaded only when an encrypted key is made or opened: most runs never need it. */
async function loadSecretbox() {
  const { xsalsa20poly1305 } = await import("@noble/ciphers/salsa.js");
  return (key: Uint8Array, nonce: Uint8Array) => {
    const box = xsalsa20poly1305(key, nonce);
    return {
      seal: (plain: Uint8Array): Uint8Array => box.encrypt(plain),
      open: (sealed: Uint8Array): Uint8Array => box.decrypt(sealed),
    };
  };
}
