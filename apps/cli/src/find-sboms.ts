import type { CallOptions, RawManifest, TrustedSigner } from "@floe/core";
import type { AttachedSboms } from "@floe/signing";
import type { ArtifactTarget } from "./open-artifact.ts";
import { keylessEngineOf } from "./open-keyless-engine.ts";
import { readPublicKeyFile, trustedSigners } from "./trusted-signers.ts";

/**
 * Finds the SBOMs of an artifact and who signed them: by a public key file where one is given, else by everybody whom the
 * manifest knows.
 * @throws {FloeError} FLOE_KEY_INVALID - the file cannot be read, or is no key that floe can use
 */
export async function findSboms(
  { store, manifest }: ArtifactTarget,
  artifact: RawManifest,
  key: string | undefined,
  options: CallOptions,
): Promise<AttachedSboms> {
  const { createVerifier, readSboms } = await import("@floe/signing");
  let trusted: readonly TrustedSigner[] = manifest === null ? [] : trustedSigners(manifest);
  if (key !== undefined)
    trusted = [{ method: "key", name: key, publicKey: await readPublicKeyFile(key, options) }];
  const keyless = trusted.some(({ method }) => method === "keyless")
    ? await keylessEngineOf(manifest, process.env)(options)
    : undefined;
  const verifier = createVerifier({ keyless });
  return await readSboms({ store, artifact, trusted, verifier }, options);
}
