import { lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { FloeError } from "@floe/core/errors";

/** A key pair on disk. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
}

/** The password of new keys that the environment says; `undefined` when it says none. */
export function passwordFrom(env: NodeJS.ProcessEnv): string | undefined {
  return env["FLOE_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"];
}

/**
 * Makes a key pair in `PREFIX.key` (mode 0600) and `PREFIX.pub`; never overwrites one.
 * @param password - called when it is certain that nothing is in the way
 * @throws {FloeError} FLOE_INIT_EXISTS - one of the two is there
 * @throws {FloeError} FLOE_OUTPUT_FAILED - they cannot be written
 */
export async function writeKeyPair(
  prefix: string,
  password: () => string | Promise<string>,
): Promise<KeyFiles> {
  const signing = await import("@floe/signing");
  const privateKey = `${prefix}.key`;
  const publicKey = `${prefix}.pub`;
  for (const path of [privateKey, publicKey]) {
    if ((await lstat(path).catch(() => null)) !== null) throw exists(path);
  }
  const pair = await signing.generateKeyPair({ password: await password() });
  await mkdir(dirname(privateKey), { recursive: true }).catch((cause: unknown) => {
    throw unwritable(dirname(privateKey), cause);
  });
  await writeNew(privateKey, pair.privateKeyPem, 0o600);
  await writeNew(publicKey, pair.publicKeyPem, 0o644);
  return { privateKey, publicKey, keyId: signing.keyId(signing.loadPublicKey(pair.publicKeyPem)) };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { flag: "wx", mode }).catch((cause: unknown) => {
    throw codeOf(cause) === "EEXIST" ? exists(path) : unwritable(path, cause);
  });
}

function exists(path: string): FloeError {
  return new FloeError({
    code: "FLOE_INIT_EXISTS",
    message: `${path} is there already`,
    hint: "floe never overwrites a key; choose another prefix.",
  });
}

function unwritable(path: string, cause: unknown): FloeError {
  return new FloeError({
    code: "FLOE_OUTPUT_FAILED",
    message: `${path} cannot be written (${codeOf(cause)})`,
    hint: "Check the path, its permissions and the free space.",
    cause,
  });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
}
