import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** A public key, and what it is known by. */
export interface PublicKey {
  /** `sha256:` over its SPKI DER. */
  readonly id: string;
  readonly key: KeyObject;
}

const PEM =
  /^-----BEGIN PUBLIC KEY-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END PUBLIC KEY-----(?:\r?\n)*$/;
const MAX_PEM = 16 * 1024;
const SMALLEST_RSA = 2048;

const known = new Map<string, PublicKey | null>();
const MAX_KNOWN = 4096;

/**
 * Reads a public key (PEM, SPKI); `null`: it is none, or neither ECDSA P-256 nor RSA of 2048 bits and more. A private key or
 * certificate is none: Node.js would take one.
 */
export function readPublicKey(pem: string): PublicKey | null {
  const found = known.get(pem);
  if (found !== undefined) return found;
  const read = parse(pem);
  if (known.size < MAX_KNOWN) known.set(pem, read);
  return read;
}

function parse(pem: string): PublicKey | null {
  if (pem.length > MAX_PEM || !PEM.test(pem)) return null;
  try {
    const key = createPublicKey({ key: pem, format: "pem", type: "spki" });
    const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
    const usable =
      key.asymmetricKeyType === "ec"
        ? namedCurve === "prime256v1"
        : key.asymmetricKeyType === "rsa" && (modulusLength ?? 0) >= SMALLEST_RSA;
    if (!usable) return null;
    const spki = key.export({ type: "spki", format: "der" });
    return { id: `sha256:${createHash("sha256").update(spki).digest("hex")}`, key };
  } catch {
    return null;
  }
}
