import { canonicalJson, MEDIA_TYPES } from "@floe/core/model";

/** What a key-signed bundle is made of. */
export interface SignedStatement {
  readonly statement: Uint8Array;
  readonly signature: Uint8Array;
  /** base64 of the SHA-256 of the public key's SPKI DER. */
  readonly keyHint: string;
}

/**
 * Writes a sigstore bundle v0.3 with a DSSE envelope as cosign 3 does, in canonical JSON. The envelope's signature
 * has no `keyid`: cosign refuses one that is not its own idea of the key's id.
 */
export function writeBundle({ statement, signature, keyHint }: SignedStatement): Uint8Array {
  const bundle = {
    mediaType: MEDIA_TYPES.sigstoreBundle,
    verificationMaterial: { publicKey: { hint: keyHint } },
    dsseEnvelope: {
      payload: Buffer.from(statement).toString("base64"),
      payloadType: MEDIA_TYPES.inToto,
      signatures: [{ sig: Buffer.from(signature).toString("base64") }],
    },
  };
  return new TextEncoder().encode(canonicalJson(bundle));
}
