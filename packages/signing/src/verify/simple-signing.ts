import type { KeyObject } from "node:crypto";
import type { Digest } from "@floe/core/model";
import type { TrustedSigner } from "@floe/core/ports";
import { own, show } from "../encoding/json-object.ts";
import type { Candidate } from "./candidate.ts";
import type { Judgement } from "./judge-candidate.ts";
import type { Requirement } from "./requirement.ts";
import { signatureMatches } from "./signature-matches.ts";
import type { TrustedKey } from "./trusted-keys.ts";

type SimpleSigning = Extract<Candidate, { kind: "simple-signing" }>;

/** Reads a public key once. */
export type SimpleSigningVerifier = (pem: string) => TrustedKey;

const TYPE = "cosign container image signature";

/**
 * Judges a signature in the format that cosign had before bundles (containers/image, "Simple signing"): with keys only, and
 * over the payload's exact bytes, which must name the artifact's digest.
 */
export function verifySimpleSigning(
  { payload, signature }: SimpleSigning,
  requirement: Requirement,
  digest: Digest,
  readKey: SimpleSigningVerifier,
): Judgement {
  const named = digestOfPayload(payload);
  if (!named.ok) return { outcome: "refused", code: "MALFORMED_BUNDLE", reason: named.reason };
  if (named.digest !== digest) {
    const reason = `signed for ${show(named.digest).slice(1, -1)}, not ${digest}`;
    return { outcome: "refused", code: "SUBJECT_MISMATCH", reason };
  }
  const accepted = findSigner(requirement.accepted, payload, signature, readKey);
  if (accepted) {
    const signer = { name: accepted.name, issuer: null, subject: null, time: null, logged: false };
    return { outcome: "accepted", signer, proven: accepted.keyId };
  }
  const late = findSigner(requirement.late, payload, signature, readKey);
  if (late) {
    const reason = `signed with ${late.name}, ${requirement.lateReasons.get(late.name)}`;
    return { outcome: "refused", code: requirement.lateCode, reason };
  }
  const keys = requirement.accepted.filter(({ method }) => method === "key");
  if (keys.length === 0) {
    const reason = "a legacy signature by a key, and only keyless signers are trusted";
    return { outcome: "refused", code: "WRONG_MATERIAL", reason };
  }
  const reason = `a legacy signature by none of ${keys.map(({ name }) => name).join(", ")}`;
  return { outcome: "refused", code: "WRONG_KEY", reason };
}

function digestOfPayload(
  payload: Uint8Array,
):
  | { readonly ok: true; readonly digest: unknown }
  | { readonly ok: false; readonly reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return { ok: false, reason: "the payload of the legacy signature is not JSON" };
  }
  const critical = own(json, "critical");
  const type = own(critical, "type");
  if (type !== TYPE)
    return { ok: false, reason: `the legacy signature is of type ${show(type)}, not ${TYPE}` };
  return { ok: true, digest: own(own(critical, "image"), "docker-manifest-digest") };
}

function findSigner(
  signers: readonly TrustedSigner[],
  message: Uint8Array,
  signature: Uint8Array,
  readKey: SimpleSigningVerifier,
): { readonly name: string; readonly key: KeyObject; readonly keyId: string } | null {
  for (const signer of signers) {
    if (signer.method !== "key") continue;
    const key = readKey(signer.publicKey);
    if (key.ok && signatureMatches(key.key, message, signature))
      return { name: signer.name, key: key.key, keyId: key.keyId };
  }
  return null;
}
