import { FloeError, type Manifest } from "@floe/core";
import { Flags } from "@oclif/core";
import { openKeylessSigner } from "./open-keyless-signer.ts";
import { givenKey, type OpenedSigner, openKey } from "./open-signer.ts";

/** The flags of every command that signs something about an artifact. */
export const signerFlags = {
  key: Flags.string({
    description:
      "Private key that signs artifacts: a file, file:PATH, env:NAME or NAME://ID of a KMS; default FLOE_SIGNING_KEY, then artifacts.signing",
  }),
};

/** What {@link signerFlags} came to. */
export interface SignerChoice {
  readonly key?: string | undefined;
}

/**
 * Opens what signs artifacts: the flag, the environment, then the manifest's `artifacts.signing`. The key that signs
 * promotions is never taken: one says "this is ours", the other "it may run there".
 * @throws {FloeError} FLOE_SIGNER_MISSING - nothing is configured
 */
export async function openArtifactSigner(
  flags: SignerChoice,
  manifest: Manifest | null,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<OpenedSigner> {
  const given = givenKey(flags.key, env)?.ref ?? null;
  if (given === null && manifest?.signing.mode === "keyless") {
    const keyless = await openKeylessSigner(manifest, env, signal);
    if (keyless !== null) return keyless;
  }
  const ref = given ?? manifest?.signing.privateKeyRef ?? null;
  if (ref) return await openKey(ref, { manifest, env, signal });
  throw new FloeError({
    code: "FLOE_SIGNER_MISSING",
    message: "no signing key is given",
    hint: "Give --key REF, or set artifacts.signing.private_key_ref in the manifest; floe artifact keygen makes a key pair. With signing.mode: keyless, give an OIDC token (SIGSTORE_ID_TOKEN, GitHub Actions) or log in on a terminal.",
  });
}

/** Who signed, in one word: the key's id, or the subject of a certificate. */
export function signerName({ signer }: OpenedSigner): string {
  return signer.signer.method === "keyless" ? signer.signer.subject : signer.signer.keyId;
}
