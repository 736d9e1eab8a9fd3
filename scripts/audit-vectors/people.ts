import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { publicKeyPem } from "@floe/signing";

/** Who signs in the vectors. The private keys live as long as the process that makes them. */
export interface People {
  privateKey(name: string): KeyObject;
  /** PEM. */
  publicKey(name: string): string;
}

/** Makes keys for whoever is asked for. */
export function createPeople(): People {
  const keys = new Map<string, KeyObject>();
  const privateKey = (name: string): KeyObject => {
    const key =
      keys.get(name) ?? generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
    keys.set(name, key);
    return key;
  };
  return { privateKey, publicKey: (name) => publicKeyPem(privateKey(name)) };
}
