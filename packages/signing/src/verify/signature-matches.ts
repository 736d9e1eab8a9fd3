import { constants, type KeyObject, verify } from "node:crypto";

/** Says whether a signature is by that key over exactly these bytes: ECDSA in DER, or RSA PKCS#1 v1.5, with SHA-256. */
export function signatureMatches(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const input = { key, dsaEncoding: "der", padding: constants.RSA_PKCS1_PADDING } as const;
    return verify("sha256", message, input, signature);
  } catch {
    // OpenSSL may report a signature that is not DER as an error; either way it is no signature by this key.
    return false;
  }
}
