import { isFloeError } from "@floe/core/errors";
import {
  type Descriptor,
  type Digest,
  digestHex,
  isDigest,
  MEDIA_TYPES,
  type RawManifest,
} from "@floe/core/model";
import type { ArtifactStore, BundleRefusal, CallOptions } from "@floe/core/ports";
import { writeBundle } from "../bundle/write-bundle.ts";
import { decodeBase64 } from "../encoding/base64.ts";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** The most layers of one legacy tag that are read, and their size in bytes. */
const MAX_LAYERS = 100;
const MAX_LAYER_BYTES = 4 * 1024 * 1024;
const CONCURRENCY = 8;

const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE = "application/vnd.dsse.envelope.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const CERTIFICATE = "dev.sigstore.cosign/certificate";

/** One layer under a legacy tag; nothing of it is verified. */
export type LegacyLayer =
  | {
      readonly kind: "simple-signing";
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
    }
  /** An attestation's envelope, put into a bundle. */
  | { readonly kind: "bundle"; readonly bundle: Uint8Array }
  | { readonly kind: "refused"; readonly code: BundleRefusal; readonly reason: string };

/** What is under one legacy tag. */
export interface LegacyTag {
  readonly tag: string;
  readonly referrer: Digest;
  readonly layers: readonly LegacyLayer[];
}

/** The tag under which cosign 1 and 2 keep signatures (`sig`) or attestations (`att`) of an artifact. */
export function legacyTag(digest: Digest, suffix: "sig" | "att"): string {
  return `sha256-${digestHex(digest)}.${suffix}`;
}

/**
 * Reads what cosign 1 and 2 keep under a tag of an artifact's digest; `null` when there is no such tag. Such tags say of
 * nothing what they are attached to, so only the signed bytes decide.
 * @throws {FloeError} what the store throws when the registry is in trouble: then nothing is known
 */
export async function readLegacy(
  store: ArtifactStore,
  digest: Digest,
  suffix: "sig" | "att",
  options: CallOptions,
): Promise<LegacyTag | null> {
  const tag = legacyTag(digest, suffix);
  const manifest = await store.getManifest(tag, options);
  if (manifest === null) return null;
  const referrer = manifest.descriptor.digest;
  const listed = layersOf(manifest);
  if (listed === null) return { tag, referrer, layers: [malformed("its manifest is not JSON")] };
  const layers: LegacyLayer[] = [];
  const read = listed.slice(0, MAX_LAYERS);
  for (let start = 0; start < read.length; start += CONCURRENCY)
    layers.push(
      ...(await Promise.all(
        read.slice(start, start + CONCURRENCY).map((layer) => readLayer(store, layer, options)),
      )),
    );
  if (listed.length > read.length) {
    const reason = `it has ${listed.length} layers, and floe reads ${MAX_LAYERS}`;
    layers.push({ kind: "refused", code: "LIMIT_EXCEEDED", reason });
  }
  return { tag, referrer, layers };
}

function layersOf({ bytes }: RawManifest): readonly unknown[] | null {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const layers = own(json, "layers");
    return Array.isArray(layers) ? layers : [];
  } catch {
    return null;
  }
}

async function readLayer(
  store: ArtifactStore,
  layer: unknown,
  options: CallOptions,
): Promise<LegacyLayer> {
  const [mediaType, digest, size] = ["mediaType", "digest", "size"].map((key) => own(layer, key));
  if (mediaType !== SIMPLE_SIGNING && mediaType !== DSSE)
    return unsupported(`a layer of type ${show(mediaType)}`);
  if (!isDigest(digest) || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    return malformed("a layer that is not described by digest and size");
  if (size > MAX_LAYER_BYTES) {
    const reason = `a layer of ${size} bytes, more than ${MAX_LAYER_BYTES}`;
    return { kind: "refused", code: "LIMIT_EXCEEDED", reason };
  }
  const annotations = own(layer, "annotations");
  // The certificate is an annotation, which nothing binds to what it is beside: floe wants a bundle for that.
  if (own(annotations, CERTIFICATE) !== undefined)
    return unsupported(
      "a keyless signature of the legacy format; only key signatures of it are read",
    );
  try {
    const descriptor: Descriptor = { mediaType: String(mediaType), digest, size };
    const bytes = await store.getBlob(descriptor, { ...options, maxBytes: MAX_LAYER_BYTES });
    if (mediaType === DSSE) return readEnvelope(bytes);
    const signature = decodeBase64(own(annotations, SIGNATURE));
    if (signature === null || signature.byteLength === 0)
      return malformed("a signature that is missing or not base64");
    return { kind: "simple-signing", payload: bytes, signature };
  } catch (error) {
    const own =
      isFloeError(error, "FLOE_ARTIFACT_NOT_FOUND") ||
      isFloeError(error, "FLOE_DIGEST_MISMATCH") ||
      isFloeError(error, "FLOE_REGISTRY_LIMIT_EXCEEDED");
    if (!own) throw error;
    return malformed(error.message);
  }
}

function readEnvelope(bytes: Uint8Array): LegacyLayer {
  let envelope: unknown;
  try {
    envelope = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return malformed("an envelope that is not JSON");
  }
  if (!isRecord(envelope)) return malformed("an envelope that is not a JSON object");
  const payloadType = own(envelope, "payloadType");
  if (payloadType !== MEDIA_TYPES.inToto)
    return unsupported(`a signed payload of type ${show(payloadType)}, not in-toto`);
  const signatures = own(envelope, "signatures");
  const [first] = Array.isArray(signatures) ? signatures : [];
  const statement = decodeBase64(own(envelope, "payload"));
  const signature = decodeBase64(own(first, "sig"));
  if (statement === null || signature === null || !Array.isArray(signatures))
    return malformed("an envelope without payload or signature");
  if (signatures.length !== 1)
    return malformed(`an envelope with ${signatures.length} signatures instead of one`);
  return { kind: "bundle", bundle: writeBundle({ statement, signature, keyHint: "" }) };
}

function malformed(reason: string): LegacyLayer {
  return { kind: "refused", code: "MALFORMED_BUNDLE", reason };
}

function unsupported(reason: string): LegacyLayer {
  return { kind: "refused", code: "UNSUPPORTED_FORMAT", reason };
}
