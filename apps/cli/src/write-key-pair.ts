import { lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { FloeError } from "@floe/core/errors";

/** A key pair on disk. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
}

/**
 * Makes a key pair in `PREFIX.key` (mode 0600) and `PREFIX.pub`; never overwrites one.
 * @throws {FloeError} FLOE_INIT_EXISTS - one of the two is there
 */
export async function writeKeyPair(prefix: string, env: NodeJS.ProcessEnv): Promise<KeyFiles> {
  const signing = await import("@floe/signing");
  const privateKey = `${prefix}.key`;
  const publicKey = `${prefix}.pub`;
  for (const path of [privateKey, publicKey]) {
    if ((await lstat(path).catch(() => null)) !== null) {
      throw new FloeError({
        code: "FLOE_INIT_EXISTS",
        message: `${path} is there already`,
        hint: "floe never overwrites a key; choose another prefix.",
      });
    }
  }
  const pair = await signing.generateKeyPair({
    password: env["FLOE_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"] ?? "",
  });
  await mkdir(dirname(privateKey), { recursive: true });
  await writeFile(privateKey, pair.privateKeyPem, { flag: "wx", mode: 0o600 });
  await writeFile(publicKey, pair.publicKeyPem, { flag: "wx", mode: 0o644 });
  return { privateKey, publicKey, keyId: signing.keyId(signing.loadPublicKey(pair.publicKeyPem)) };
}
