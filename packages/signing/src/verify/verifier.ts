import { MEDIA_TYPES } from "@floe/core/model";
import type { BundleRefusal, BundleVerdict, TrustedSigner, Verifier } from "@floe/core/ports";
import { preAuthEncoding } from "../bundle/pae.ts";
import { parseBundle, type StatementBundle } from "../bundle/parse-bundle.ts";
import type { KeylessEngine } from "../keyless/keyless-engine.ts";
import { type KeylessSigner, matchIdentity } from "../keyless/match-identity.ts";
import { signatureMatches } from "./signature-matches.ts";
import { createKeyReader, type TrustedKey } from "./trusted-keys.ts";

type UsableKey = { readonly name: string } & Extract<TrustedKey, { ok: true }>;

/** How a verifier is set up. */
export interface VerifierOptions {
  /**
   * Judges certificates. Without it a bundle that is signed with one is refused as TRUST_ROOT_UNAVAILABLE where somebody
   * keyless is trusted: loading the engine costs time, so it is loaded only then.
   */
  readonly keyless?: KeylessEngine | undefined;
}

/**
 * Makes the verifier of sigstore bundles. What is trusted comes from the caller alone: whether a key or a certificate counts
 * is the trusted signers' to say, and a bundle's hint only decides which key is tried first.
 */
export function createVerifier({ keyless }: VerifierOptions = {}): Verifier {
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

  function verifyByKey(bundle: StatementBundle, trusted: readonly TrustedSigner[]): BundleVerdict {
    const { usable, broken } = usableKeys(trusted);
    if (usable.length === 0) return noKeys(trusted, broken);
    const { payload, signature } = bundle.content;
    const message = preAuthEncoding(MEDIA_TYPES.inToto, payload);
    const claimed = bundle.material.kind === "key" ? bundle.material.claimedKeyId : null;
    const signer = inOrder(usable, claimed).find((one) =>
      signatureMatches(one.key, message, signature),
    );
    if (signer === undefined) return refused("WRONG_KEY", describeMiss(usable, claimed));
    const evidence = keyless?.evidenceOf(bundle, signer.key) ?? { time: null, logged: false };
    return {
      ok: true,
      name: signer.name,
      signer: { method: "key", keyId: signer.keyId },
      statement: payload,
      ...evidence,
    };
  }

  function verifyByCertificate(
    bundle: StatementBundle,
    trusted: readonly TrustedSigner[],
  ): BundleVerdict {
    const signers = trusted.filter(
      (signer): signer is KeylessSigner => signer.method === "keyless",
    );
    if (signers.length === 0)
      return trusted.length === 0
        ? refused("WRONG_MATERIAL", "no signer is trusted")
        : refused("WRONG_MATERIAL", "signed with a certificate, and only keys are trusted");
    if (keyless === undefined)
      return refused("TRUST_ROOT_UNAVAILABLE", "no trusted root was loaded");
    const requireRekor = signers.every((signer) => signer.requireRekor !== false);
    const proof = keyless.prove(bundle, { requireRekor });
    if (!proof.ok) return proof;
    const match = matchIdentity(proof, signers, keyless.matchesRegex);
    if (!match.ok) return match;
    const { issuer, subject, time, logged } = proof;
    return {
      ok: true,
      name: match.signer.name,
      signer: { method: "keyless", issuer, subject },
      statement: bundle.content.payload,
      time,
      logged,
    };
  }

  return {
    verifyBundle(bytes, trusted) {
      const parsed = parseBundle(bytes);
      if (!parsed.ok) return parsed;
      const { bundle } = parsed;
      return bundle.material.kind === "key"
        ? verifyByKey(bundle, trusted)
        : verifyByCertificate(bundle, trusted);
    },
  };
}

function inOrder(keys: readonly UsableKey[], claimedKeyId: string | null): UsableKey[] {
  return [
    ...keys.filter((key) => key.keyId === claimedKeyId),
    ...keys.filter((key) => key.keyId !== claimedKeyId),
  ];
}

function describeMiss(keys: readonly UsableKey[], claimedKeyId: string | null): string {
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
