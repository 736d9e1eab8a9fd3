import { constants, type KeyObject, sign } from "node:crypto";
import { MEDIA_TYPES } from "@floe/core/model";
import type { CallOptions, ProvenSigner, Signer } from "@floe/core/ports";
import { preAuthEncoding } from "../bundle/pae.ts";
import { writeBundle } from "../bundle/write-bundle.ts";
import { assertUsableKind, keyInvalid } from "../keys/key-error.ts";
import { keyHint, keyId } from "../keys/public-key.ts";

/**
 * Makes a signer of a private key in memory.
 * @throws {FloeError} FLOE_KEY_INVALID - a public key, or neither ECDSA P-256 nor RSA of at least 2048 bits
 */
export function createKeySigner({ privateKey }: { readonly privateKey: KeyObject }): Signer {
  return signWith(privateKey, "key");
}

/** Makes the signer itself; `method` says what its signatures prove. */
export function signWith(privateKey: KeyObject, method: "key" | "ephemeral"): Signer {
  if (privateKey.type !== "private") throw keyInvalid("signing needs a private key");
  assertUsableKind(privateKey, "private key");
  const hint = keyHint(privateKey);
  const signer: ProvenSigner = { method, keyId: keyId(privateKey) };
  const isEcdsa = privateKey.asymmetricKeyType === "ec";
  return {
    signer,
    ...(isEcdsa
      ? {
          async signBytes(bytes: Uint8Array, { signal }: CallOptions) {
            signal.throwIfAborted();
            return sign("sha256", bytes, { key: privateKey, dsaEncoding: "der" });
          },
        }
      : {}),
    async sign(statement, { signal }) {
      signal.throwIfAborted();
      // DER for ECDSA and PKCS#1 v1.5 for RSA, with SHA-256: what cosign expects.
      const signature = sign("sha256", preAuthEncoding(MEDIA_TYPES.inToto, statement), {
        key: privateKey,
        dsaEncoding: "der",
        padding: constants.RSA_PKCS1_PADDING,
      });
      return writeBundle({ statement, signature, keyHint: hint });
    },
  };
}
