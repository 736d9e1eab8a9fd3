import { MEDIA_TYPES } from "@floe/core/model";
import type { BundleRefusal, BundleVerdict, TrustedSigner, Verifier } from "@floe/core/ports";
import { preAuthEncoding } from "../bundle/pae.ts";
import { type ParsedBundle, parseBundle } from "../bundle/parse-bundle.ts";
import type { KeylessEngine } from "../keyless/keyless-engine.ts";
import { signatureMatches } from "./signature-matches.ts";
import { createKeyReader, type TrustedKey } from "./trusted-keys.ts";

type UsableKey = { readonly name: string } & Extract<TrustedKey, { ok: true }>;

/** How a verifier is set up. */
export interface VerifierOptions {
  /**
   * Judges certificates. Without it a bundle that is signed with one is refused as TRUST_ROOT_UNAVAILABLE: loading the
   * engine costs time, so it is loaded only where somebody trusts a keyless signer.
   */
  readonly keyless?: KeylessEngine | undefined;
}

/**
 * Makes the verifier of sigstore bundles. What is trusted comes from the caller alone: the bundle's hint
 * only decides which key is tried first.
 */
export function createVerifier(_options: VerifierOptions = {}): Verifier {
  const readKey = createKeyReader();

  function usableKeys(trusted: readonly TrustedSigner[]) {
    const usable: UsableKey[] = [];
    const broken: string[] = [];
    for (const signer of trusted) {
      if (signer.method !== "key") continue;
      const key = readKey(signer.publicKey);
      if (key.ok) usable.push({ name: signer.name, ...key });
      else broken.push(`${signer.name}: ${key.reason}`);
    }
    return { usable, broken };
  }

  return {
    verifyBundle(bytes, trusted) {
      const parsed = parseBundle(bytes);
      if (!parsed.ok) return parsed;
      const { bundle } = parsed;
      const { usable, broken } = usableKeys(trusted);
      if (usable.length === 0) return noKeys(trusted, broken);
      const message = preAuthEncoding(MEDIA_TYPES.inToto, bundle.payload);
      const signer = inOrder(usable, bundle).find((one) =>
        signatureMatches(one.key, message, bundle.signature),
      );
      if (signer === undefined) return refused("WRONG_KEY", describeMiss(usable, bundle));
      return {
        ok: true,
        name: signer.name,
        signer: { method: "key", keyId: signer.keyId },
        statement: bundle.payload,
        time: null,
        logged: false,
      };
    },
  };
}

function inOrder(keys: readonly UsableKey[], { claimedKeyId }: ParsedBundle): UsableKey[] {
  return [
    ...keys.filter((key) => key.keyId === claimedKeyId),
    ...keys.filter((key) => key.keyId !== claimedKeyId),
  ];
}

function describeMiss(keys: readonly UsableKey[], { claimedKeyId }: ParsedBundle): string {
  const wanted = keys.map((key) => `${key.name} (${key.keyId})`).join(" or ");
  const match = keys.find((key) => key.keyId === claimedKeyId);
  if (match)
    return `the bundle names ${match.name} (${match.keyId}) as its key, but the signature is not by that key`;
  return `signed with ${claimedKeyId === null ? "an unnamed key" : `the key ${claimedKeyId}`}, wanted ${wanted}`;
}

function noKeys(trusted: readonly TrustedSigner[], broken: readonly string[]): BundleVerdict {
  if (broken.length > 0)
    return refused("UNSUPPORTED_ALGORITHM", `no trusted key can be used: ${broken.join("; ")}`);
  return trusted.length === 0
    ? refused("WRONG_KEY", "no signer is trusted")
    : refused("WRONG_MATERIAL", "signed with a key, and only keyless signers are trusted");
}

function refused(code: BundleRefusal, reason: string): BundleVerdict {
  return { ok: false, code, reason };
}
