import { generateKeyPairSync } from "node:crypto";
import type { Signer } from "@floe/core/ports";
import { publicKeyPem } from "../keys/public-key.ts";
import { signWith } from "./key-signer.ts";

/** A signer whose key exists for one run only: it shows that records belong together, not who made them. */
export type EphemeralSigner = Signer & {
  /** The key that verifies this run's signatures. */
  readonly publicKeyPem: string;
};

/** Makes a signer with a new ECDSA P-256 key that is never written anywhere. */
export function createEphemeralSigner(): EphemeralSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...signWith(privateKey, "ephemeral"), publicKeyPem: publicKeyPem(publicKey) };
}
