import { generateKeyPair as generate, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { sealKey } from "./encrypted-key.ts";
import { writePem } from "./pem.ts";
import { publicKeyPem } from "./public-key.ts";

/** A key pair as files hold it. */
export interface KeyPairPem {
  /** `ENCRYPTED SIGSTORE PRIVATE KEY`, for `cosign.key`. */
  readonly privateKeyPem: string;
  /** `PUBLIC KEY`, for `cosign.pub`. */
  readonly publicKeyPem: string;
}

/** Makes an ECDSA P-256 key pair; the keys exist in memory only. */
async function generateKeys(): Promise<{
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}> {
  return await promisify(generate)("ec", { namedCurve: "P-256" });
}

/** Makes an ECDSA P-256 key pair in the files that `cosign generate-key-pair` makes and cosign reads. */
export async function generateKeyPair({
  password,
}: {
  /** May be empty; the file is encrypted all the same, but then anybody can open it. */
  readonly password: string;
}): Promise<KeyPairPem> {
  const { privateKey, publicKey } = await generateKeys();
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const sealed = await sealKey(der, password);
  der.fill(0);
  return {
    privateKeyPem: writePem("ENCRYPTED SIGSTORE PRIVATE KEY", sealed),
    publicKeyPem: publicKeyPem(publicKey),
  };
}
