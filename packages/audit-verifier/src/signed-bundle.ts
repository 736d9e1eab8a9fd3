import { constants, type KeyObject, verify } from "node:crypto";
import { decodeAnyBase64, own, parseJson } from "./json.ts";

const BUNDLES: ReadonlySet<unknown> = new Set([
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
]);
const IN_TOTO = "application/vnd.in-toto+json";

/** A signed statement, taken apart and not yet verified (sigstore bundle v0.3 with one DSSE signature). */
export interface SignedBundle {
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Signed with a certificate, which this verifier does not judge. */
  readonly byCertificate: boolean;
}

/** Takes a signed bundle apart; `null`: it is none. */
export function readSignedBundle(bytes: Uint8Array): SignedBundle | null {
  const json = parseJson(bytes);
  const material = own(json, "verificationMaterial");
  const envelope = own(json, "dsseEnvelope");
  const signatures = own(envelope, "signatures");
  if (!BUNDLES.has(own(json, "mediaType")) || own(json, "messageSignature") !== undefined)
    return null;
  if (own(envelope, "payloadType") !== IN_TOTO) return null;
  if (!Array.isArray(signatures) || signatures.length !== 1) return null;
  const byKey = own(material, "publicKey") !== undefined;
  const certificates = ["certificate", "x509CertificateChain"].filter(
    (kind) => own(material, kind) !== undefined,
  );
  if (certificates.length + Number(byKey) !== 1) return null;
  const payload = decodeAnyBase64(own(envelope, "payload"));
  const signature = decodeAnyBase64(own(signatures[0], "sig"));
  if (!payload?.length || !signature?.length) return null;
  return { payload, signature, byCertificate: !byKey };
}

/** Says whether a key made the signature (DSSE 1.0, "PAE"): ECDSA in DER or RSA PKCS#1 v1.5, with SHA-256. */
export function isSignedWith(key: KeyObject, { payload, signature }: SignedBundle): boolean {
  const header = `DSSEv1 ${Buffer.byteLength(IN_TOTO)} ${IN_TOTO} ${payload.byteLength} `;
  return matches(key, Buffer.concat([Buffer.from(header), payload]), signature);
}

/** Says whether a signature is by a key over exactly these bytes. */
export function matches(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const input = { key, dsaEncoding: "der", padding: constants.RSA_PKCS1_PADDING } as const;
    return verify("sha256", message, input, signature);
  } catch {
    return false;
  }
}
