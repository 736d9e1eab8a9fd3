import { type Descriptor, type Digest, isDigest } from "@floe/core/model";
import type { BundleRefusal } from "@floe/core/ports";
import { MAX_BUNDLE_BYTES } from "../bundle/parse-bundle.ts";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** Any version: a bundle of an older one is refused by its content, with a better reason. */
const BUNDLE_MEDIA_TYPE_PREFIX = "application/vnd.dev.sigstore.bundle";

/** What a referrer's manifest turned out to be. */
export type ReferrerManifest =
  | {
      readonly kind: "bundle";
      readonly layer: Descriptor;
      /** From the manifest itself; self-declared. */
      readonly annotations: Readonly<Record<string, string>>;
    }
  /** Attached to the same artifact, but no sigstore bundle: an SBOM, a Notary Project signature. */
  | { readonly kind: "other"; readonly artifactType: string | null }
  | { readonly kind: "broken"; readonly code: BundleRefusal; readonly reason: string };

/** Reads the manifest of a referrer, which anybody who can push may have written. */
export function readReferrerManifest(bytes: Uint8Array, subject: Digest): ReferrerManifest {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return broken("its manifest is not JSON");
  }
  const layers = own(json, "layers");
  const list: readonly unknown[] = Array.isArray(layers) ? layers : [];
  if (
    !isBundleType(own(json, "artifactType")) &&
    !list.some((layer) => isBundleType(typeOf(layer)))
  ) {
    const type = own(json, "artifactType") ?? typeOf(own(json, "config"));
    return { kind: "other", artifactType: typeof type === "string" ? type : null };
  }
  const actual = own(own(json, "subject"), "digest");
  if (actual !== subject)
    return broken(`its manifest says that it belongs to ${show(actual)}, not to ${subject}`);
  const [layer] = list;
  if (list.length !== 1 || !isBundleType(typeOf(layer)))
    return broken("its manifest does not have the bundle as its one layer");
  const [digest, size] = [own(layer, "digest"), own(layer, "size")];
  if (!isDigest(digest) || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    return broken("its manifest does not describe the bundle by digest and size");
  if (size > MAX_BUNDLE_BYTES)
    return broken(`its bundle has ${size} bytes, more than ${MAX_BUNDLE_BYTES}`, "LIMIT_EXCEEDED");
  return {
    kind: "bundle",
    layer: { mediaType: String(typeOf(layer)), digest, size },
    annotations: readAnnotations(own(json, "annotations")),
  };
}

function typeOf(descriptor: unknown): unknown {
  return own(descriptor, "mediaType");
}

function isBundleType(value: unknown): boolean {
  return typeof value === "string" && value.startsWith(BUNDLE_MEDIA_TYPE_PREFIX);
}

function readAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  // fromEntries defines members; assigning "__proto__" would set the prototype instead.
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function broken(reason: string, code: BundleRefusal = "MALFORMED_BUNDLE"): ReferrerManifest {
  return { kind: "broken", code, reason };
}
