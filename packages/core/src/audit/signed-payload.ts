/** What a bundle signs, and with which kind of material; nothing of it is proven. */
export interface SignedPayload {
  readonly payload: Uint8Array;
  readonly byCertificate: boolean;
}

interface Bundle {
  readonly verificationMaterial?: Readonly<Record<string, unknown>> | null;
  readonly dsseEnvelope?: { readonly payload?: unknown } | null;
}

/** Reads what a sigstore bundle signs before anything is verified; `null`: it is no bundle. */
export function readSignedPayload(bytes: Uint8Array): SignedPayload | null {
  let bundle: Bundle | null;
  try {
    bundle = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Bundle | null;
  } catch {
    return null;
  }
  const payload = bundle?.dsseEnvelope?.payload;
  const material = bundle?.verificationMaterial;
  if (typeof payload !== "string" || typeof material !== "object" || material === null) return null;
  const byCertificate =
    !Object.hasOwn(material, "publicKey") &&
    (Object.hasOwn(material, "certificate") || Object.hasOwn(material, "x509CertificateChain"));
  return { payload: Buffer.from(payload, "base64"), byCertificate };
}
