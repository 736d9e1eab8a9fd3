import { MEDIA_TYPES } from "@floe/core/model";
import type { BundleRefusal } from "@floe/core/ports";
import { decodeBase64 } from "../encoding/base64.ts";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** The largest bundle that is read, in bytes: SBOMs of images have several megabytes. */
export const MAX_BUNDLE_BYTES = 16 * 1024 * 1024;
/** Real certificates have 2 KB. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;
/** Real bundles have one entry and one timestamp; each costs a verification. */
const MAX_EVIDENCE = 8;

/** What a bundle says it is signed with. */
export type KeyMaterial =
  | {
      readonly kind: "key";
      /** `sha256:<hex>` out of the hint, for messages and for the order of trying keys. */
      readonly claimedKeyId: string | null;
    }
  | {
      readonly kind: "certificate";
      /** The signer's certificate, DER. */
      readonly der: Uint8Array;
    };

/** What a bundle signs: a DSSE payload, or a message that is elsewhere. */
export type SignedContent =
  | { readonly kind: "dsse"; readonly payload: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: "message"; readonly signature: Uint8Array };

/** A bundle's parts, well formed and not yet verified: nothing in here is proven. */
export interface ParsedBundle<Content extends SignedContent = SignedContent> {
  readonly content: Content;
  readonly material: KeyMaterial;
  /** The one reading of the bytes that everybody goes by: of a name that is written twice the last one counts. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly logEntries: number;
  readonly timestamps: number;
}

/** A bundle that floe takes as a signed statement. */
export interface StatementBundle extends ParsedBundle<Extract<SignedContent, { kind: "dsse" }>> {
  /** The statement: the payload of {@link ParsedBundle.content}. */
  readonly payload: Uint8Array;
}

/** A bundle that is not even tried. */
export interface BundleProblem {
  readonly ok: false;
  readonly code: BundleRefusal;
  readonly reason: string;
}

type Parsed<T> = { readonly ok: true; readonly value: T } | BundleProblem;

/** Version 0.3 in both spellings (sigstore protobuf-specs, `sigstore_bundle.proto`). */
const CURRENT: ReadonlySet<unknown> = new Set([
  MEDIA_TYPES.sigstoreBundle,
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
]);
const OLDER: ReadonlySet<unknown> = new Set([
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
]);

/**
 * Takes a sigstore bundle v0.3 apart. Only what floe can verify gets through: one DSSE signature over an in-toto
 * statement, made with a key or a certificate. Never throws.
 */
export function parseBundle(
  bytes: Uint8Array,
): { readonly ok: true; readonly bundle: StatementBundle } | BundleProblem {
  const parsed = parseAnyBundle(bytes);
  if (!parsed.ok) return parsed;
  const { json, content } = parsed.bundle;
  if (!CURRENT.has(own(json, "mediaType")))
    return unsupported(
      `the bundle is of type ${show(own(json, "mediaType"))}, and floe reads version 0.3`,
    );
  if (content.kind !== "dsse")
    return unsupported("the bundle holds a message signature, which does not say what it is for");
  return { ok: true, bundle: { ...parsed.bundle, content, payload: content.payload } };
}

/**
 * Takes any sigstore bundle of version 0.1 to 0.3 apart, message signatures among them. Nothing that floe trusts comes this
 * way: it is for checking the verification itself against the cases of others.
 */
export function parseAnyBundle(
  bytes: Uint8Array,
): { readonly ok: true; readonly bundle: ParsedBundle } | BundleProblem {
  if (bytes.byteLength > MAX_BUNDLE_BYTES)
    return exceeded(`the bundle has ${bytes.byteLength} bytes, more than ${MAX_BUNDLE_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return malformed("the bundle is not JSON");
  }
  if (!isRecord(json)) return malformed("the bundle is not a JSON object");
  const mediaType = own(json, "mediaType");
  if (typeof mediaType !== "string") return malformed("the bundle has no mediaType");
  if (!CURRENT.has(mediaType) && !OLDER.has(mediaType))
    return unsupported(`the bundle is of type ${show(mediaType)}, and floe reads version 0.3`);
  const material = own(json, "verificationMaterial");
  const key = parseMaterial(material);
  if (!key.ok) return key;
  const timestampData = own(material, "timestampVerificationData");
  const logEntries = countOf(own(material, "tlogEntries"));
  const timestamps = countOf(own(timestampData, "rfc3161Timestamps"));
  if (logEntries === null || timestamps === null)
    return malformed("the bundle's log entries or timestamps are not a list");
  if (logEntries > MAX_EVIDENCE || timestamps > MAX_EVIDENCE)
    return exceeded(
      `the bundle has ${logEntries} log entries and ${timestamps} timestamps; at most ${MAX_EVIDENCE} of each are read`,
    );
  const content = parseContent(json);
  if (!content.ok) return content;
  return {
    ok: true,
    bundle: { content: content.value, material: key.value, json, logEntries, timestamps },
  };
}

function countOf(list: unknown): number | null {
  if (list === undefined || list === null) return 0;
  return Array.isArray(list) ? list.length : null;
}

function parseMaterial(material: unknown): Parsed<KeyMaterial> {
  if (!isRecord(material)) return malformed("the bundle has no verificationMaterial");
  const kinds = ["publicKey", "certificate", "x509CertificateChain"].filter(
    (kind) => own(material, kind) !== undefined,
  );
  const [kind] = kinds;
  if (kinds.length !== 1)
    return malformed(`the bundle has ${kinds.length} kinds of key material instead of one`);
  if (kind === "publicKey") return parseHint(own(material, "publicKey"));
  const chain = own(own(material, "x509CertificateChain"), "certificates");
  const leaf =
    kind === "certificate" ? own(material, kind) : Array.isArray(chain) ? chain[0] : undefined;
  const der = decodeBase64(own(leaf, "rawBytes"));
  if (der === null || der.byteLength === 0)
    return malformed("the bundle's certificate is missing or not base64");
  if (der.byteLength > MAX_CERTIFICATE_BYTES)
    return exceeded(
      `the bundle's certificate has ${der.byteLength} bytes, more than ${MAX_CERTIFICATE_BYTES}`,
    );
  return { ok: true, value: { kind: "certificate", der } };
}

function parseHint(publicKey: unknown): Parsed<KeyMaterial> {
  const hint = own(publicKey, "hint") ?? "";
  if (!isRecord(publicKey) || typeof hint !== "string")
    return malformed("the bundle's publicKey is not an object with a hint");
  const hash = decodeBase64(hint);
  const claimedKeyId =
    hash?.byteLength === 32 ? `sha256:${Buffer.from(hash).toString("hex")}` : null;
  return { ok: true, value: { kind: "key", claimedKeyId } };
}

function parseContent(json: unknown): Parsed<SignedContent> {
  const message = own(json, "messageSignature");
  const envelope = own(json, "dsseEnvelope");
  if (message !== undefined && envelope !== undefined)
    return malformed("the bundle holds a message signature and a DSSE envelope");
  if (message === undefined) return parseEnvelope(envelope);
  const signature = decodeBase64(own(message, "signature"));
  if (signature === null || signature.byteLength === 0)
    return malformed("the message signature is missing or not base64");
  return { ok: true, value: { kind: "message", signature } };
}

function parseEnvelope(envelope: unknown): Parsed<SignedContent> {
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
  return { ok: true, value: { kind: "dsse", payload, signature } };
}

function malformed(reason: string): BundleProblem {
  return { ok: false, code: "MALFORMED_BUNDLE", reason };
}

function exceeded(reason: string): BundleProblem {
  return { ok: false, code: "LIMIT_EXCEEDED", reason };
}

function unsupported(reason: string): BundleProblem {
  return { ok: false, code: "UNSUPPORTED_FORMAT", reason };
}
