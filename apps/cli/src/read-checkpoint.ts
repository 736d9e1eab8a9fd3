import type { GivenCheckpoint, TrustedSigner } from "@floe/core";
import { readDocument } from "./read-document.ts";

const MAX_BYTES = 256 * 1024;

/** Reads a checkpoint that somebody kept. Whether it is one is told with what it says. */
export async function readCheckpoint(path: string): Promise<GivenCheckpoint> {
  const signal = AbortSignal.timeout(30_000);
  return { name: path, note: await readText(path, signal) };
}

/** Reads the public key of somebody who is trusted. @throws {FloeError} FLOE_KEY_INVALID - it is none */
export async function readTrustedKey(path: string): Promise<TrustedSigner> {
  const signal = AbortSignal.timeout(30_000);
  const pem = await readText(path, signal);
  const { loadPublicKey, publicKeyPem } = await import("@floe/signing");
  return { method: "key", name: path, publicKey: publicKeyPem(loadPublicKey(pem)) };
}

async function readText(path: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readDocument(path, { maxBytes: MAX_BYTES, signal }));
}
