import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes a key pair as `keys/NAME.key` and `keys/NAME.pub`. The private key is plain PKCS#8: opening the encrypted form
 * costs every process its scrypt, and what is tested here is not the key's file.
 */
export function writeKeys(
  folder: string,
  name: string,
): { readonly key: string; readonly pub: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  mkdirSync(join(folder, "keys"), { recursive: true });
  const files = { key: `keys/${name}.key`, pub: `keys/${name}.pub` };
  writeFileSync(join(folder, files.key), privateKey.export({ type: "pkcs8", format: "pem" }), {
    mode: 0o600,
  });
  writeFileSync(join(folder, files.pub), publicKey.export({ type: "spki", format: "pem" }));
  return files;
}
