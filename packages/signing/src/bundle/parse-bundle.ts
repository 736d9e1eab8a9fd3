import { MEDIA_TYPES } from "@floe/core/model";
import type { BundleRefusal } from "@floe/core/ports";
import { decodeBase64 } from "../encoding/base64.ts";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** The largest bundle that is read, in bytes: SBOMs of images have several megabytes. */
export const MAX_BUNDLE_BYTES = 16 * 1024 * 1024;

/** A bundle's parts, well formed and not yet verified: nothing in here is proven. */
export interface ParsedBundle {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** `sha256:<hex>` out of the hint, for messages and for the order of trying keys. */
  readonly claimedKeyId: string | null;
}

/** A bundle that is not even tried. */
export interface BundleProblem {
  readonly ok: false;
  readonly code: BundleRefusal;
  readonly reason: string;
}

/** Version 0.3 in both spellings (sigstore protobuf-specs, `sigstore_bundle.proto`). */
const MEDIA_TYPE_SPELLINGS: ReadonlySet<unknown> = new Set([
  MEDIA_TYPES.sigstoreBundle,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
]);

/**
 * Takes a sigstore bundle v0.3 apart. Only what floe can verify gets through: one DSSE signature over an in-toto
 * statement, made with a key. Never throws.
 */
export function parseBundle(
  bytes: Uint8Array,
): { readonly ok: true; readonly bundle: ParsedBundle } | BundleProblem {
  if (bytes.byteLength > MAX_BUNDLE_BYTES)
    return malformed(`the bundle has ${bytes.byteLength} bytes, more than ${MAX_BUNDLE_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return malformed("the bundle is not JSON");
  }
  if (!isRecord(json)) return malformed("the bundle is not a JSON object");
  const mediaType = own(json, "mediaType");
  if (typeof mediaType !== "string") return malformed("the bundle has no mediaType");
  if (!MEDIA_TYPE_SPELLINGS.has(mediaType))
    return unsupported(`the bundle is of type ${show(mediaType)}, and floe reads version 0.3`);
  const material = parseMaterial(own(json, "verificationMaterial"));
  if (!material.ok) return material;
  if (own(json, "messageSignature") !== undefined)
    return unsupported("the bundle holds a message signature, which does not say what it is for");
  const envelope = parseEnvelope(own(json, "dsseEnvelope"));
  if (!envelope.ok) return envelope;
  const { payload, signature } = envelope;
  return { ok: true, bundle: { payload, signature, claimedKeyId: material.claimedKeyId } };
}

function parseMaterial(
  material: unknown,
): { readonly ok: true; readonly claimedKeyId: string | null } | BundleProblem {
  if (!isRecord(material)) return malformed("the bundle has no verificationMaterial");
  const kinds = ["publicKey", "certificate", "x509CertificateChain"].filter(
    (kind) => own(material, kind) !== undefined,
  );
  if (kinds.length !== 1)
    return malformed(`the bundle has ${kinds.length} kinds of key material instead of one`);
  if (kinds[0] !== "publicKey")
    return unsupported(
      "the bundle is signed with a certificate (keyless), which this version cannot verify",
    );
  const publicKey = own(material, "publicKey");
  const hint = own(publicKey, "hint") ?? "";
  if (!isRecord(publicKey) || typeof hint !== "string")
    return malformed("the bundle's publicKey is not an object with a hint");
  const hash = decodeBase64(hint);
  const claimedKeyId =
    hash?.byteLength === 32 ? `sha256:${Buffer.from(hash).toString("hex")}` : null;
  return { ok: true, claimedKeyId };
}

function parseEnvelope(
  envelope: unknown,
):
  | { readonly ok: true; readonly payload: Uint8Array; readonly signature: Uint8Array }
  | BundleProblem {
  if (!isRecord(envelope)) return malformed("the bundle has no DSSE envelope");
  const payloadType = own(envelope, "payloadType");
  if (payloadType !== MEDIA_TYPES.inToto)
    return unsupported(`the signed payload is of type ${show(payloadType)}, not in-toto`);
  const signatures = own(envelope, "signatures");
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    const count = Array.isArray(signatures) ? signatures.length : 0;
    return malformed(`the DSSE envelope has ${count} signatures instead of one`);
  }
  const payload = decodeBase64(own(envelope, "payload"));
  if (payload === null || payload.byteLength === 0)
    return malformed("the DSSE payload is missing or not base64");
  const signature = decodeBase64(own(signatures[0], "sig"));
  if (signature === null || signature.byteLength === 0)
    return malformed("the DSSE signature is missing or not base64");
  return { ok: true, payload, signature };
}

function malformed(reason: string): BundleProblem {
  return { ok: false, code: "MALFORMED_BUNDLE", reason };
}

function unsupported(reason: string): BundleProblem {
  return { ok: false, code: "UNSUPPORTED_FORMAT", reason };
}
