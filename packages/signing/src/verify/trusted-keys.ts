import type { KeyObject } from "node:crypto";
import { isFloeError } from "@floe/core/errors";
import { keyId, loadPublicKey } from "../keys/public-key.ts";

/** A public key ready to verify with, or why it cannot be. */
export type TrustedKey =
  | { readonly ok: true; readonly key: KeyObject; readonly keyId: string }
  | { readonly ok: false; readonly reason: string };

/** More keys than any manifest has; beyond it the oldest entry goes. */
const MAX_ENTRIES = 256;

/**
 * Makes a reader of PEM public keys that parses each key once: a ledger verifies thousands of events with a few keys.
 */
export function createKeyReader(): (pem: string) => TrustedKey {
  const known = new Map<string, TrustedKey>();
  return (pem) => {
    const found = known.get(pem);
    if (found) return found;
    const read = readKey(pem);
    const [oldest] = known.keys();
    if (known.size >= MAX_ENTRIES && oldest !== undefined) known.delete(oldest);
    known.set(pem, read);
    return read;
  };
}

function readKey(pem: string): TrustedKey {
  try {
    const key = loadPublicKey(pem);
    return { ok: true, key, keyId: keyId(key) };
  } catch (error) {
    if (!isFloeError(error)) throw error;
    return { ok: false, reason: error.message };
  }
}
