import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { assertUsableKind, keyInvalid } from "./key-error.ts";
import { findPemBlocks } from "./pem.ts";

/**
 * Reads a public key from PEM (`PUBLIC KEY`, SPKI).
 * @throws {FloeError} FLOE_KEY_INVALID - something else, a private key or certificate among it, or neither ECDSA
 * P-256 nor RSA of at least 2048 bits
 */
export function loadPublicKey(pem: string): KeyObject {
  const blocks = findPemBlocks(pem);
  const [block] = blocks;
  // Node would derive the public key of a private one and take a certificate's; both are mistakes worth naming.
  if (block?.label !== "PUBLIC KEY" || blocks.length !== 1) {
    const found = blocks.map(({ label }) => label).join(" and a ") || "no PEM block";
    throw keyInvalid(
      `a public key (one PEM block PUBLIC KEY) was expected and the file holds ${blocks.length > 0 ? "a " : ""}${found}`,
    );
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: block.text, format: "pem", type: "spki" });
  } catch (cause) {
    throw keyInvalid("the PUBLIC KEY block cannot be read as a key", cause);
  }
  assertUsableKind(key, "public key");
  return key;
}

/** The public half of a private key; a public key is returned as it is. */
function publicKeyOf(key: KeyObject): KeyObject {
  return key.type === "private" ? createPublicKey(key) : key;
}

/** Identifies a key: `sha256:<hex>` over the SPKI DER of its public half. */
export function keyId(key: KeyObject): string {
  return `sha256:${createHash("sha256").update(spki(key)).digest("hex")}`;
}

/** The hint that cosign writes into bundles: the same hash in base64. Unauthenticated, so good for messages only. */
export function keyHint(key: KeyObject): string {
  return createHash("sha256").update(spki(key)).digest("base64");
}

/** The public half as PEM, as cosign writes `cosign.pub`. */
export function publicKeyPem(key: KeyObject): string {
  return String(publicKeyOf(key).export({ type: "spki", format: "pem" }));
}

function spki(key: KeyObject): Buffer {
  return publicKeyOf(key).export({ type: "spki", format: "der" });
}
