import { FloeError } from "@floe/core/errors";
import { type Descriptor, isDigest } from "@floe/core/model";

/** What the client reads out of a manifest or index; everything else stays bytes. */
export interface ManifestJson {
  readonly mediaType: string | null;
  readonly artifactType: string | null;
  readonly configMediaType: string | null;
  readonly annotations: Readonly<Record<string, string>> | null;
  readonly subject: Descriptor | null;
  /** An index's entries as they are, unchecked. */
  readonly manifests: readonly unknown[] | null;
  readonly hasLayers: boolean;
  readonly schemaVersion: unknown;
}

/** Reads a manifest's JSON; `null` if the bytes are no JSON object. */
export function readManifestJson(bytes: Uint8Array): ManifestJson | null {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  const { config } = json;
  return {
    mediaType: text(json["mediaType"]),
    artifactType: text(json["artifactType"]),
    configMediaType: isObject(config) ? text(config["mediaType"]) : null,
    annotations: readAnnotations(json["annotations"]),
    subject: readDescriptor(json["subject"]),
    manifests: Array.isArray(json["manifests"]) ? json["manifests"] : null,
    hasLayers: "layers" in json,
    schemaVersion: json["schemaVersion"],
  };
}

/** Reads a descriptor (image-spec, `descriptor.md`); `null` if it is not valid. Unknown members are left out. */
export function readDescriptor(value: unknown): Descriptor | null {
  if (!isObject(value)) return null;
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string" || !isDigest(digest)) return null;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
  const artifactType = text(value["artifactType"]);
  const annotations = readAnnotations(value["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === null ? {} : { artifactType }),
    ...(annotations === null ? {} : { annotations }),
  };
}

/**
 * Parses an answer that must be a JSON object.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - it is not
 */
export function parseObject(bytes: Uint8Array, label: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isObject(json)) return json;
  } catch (cause) {
    throw notJson(label, cause);
  }
  throw notJson(label);
}

function notJson(label: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${label}: the answer is not a JSON object`,
    hint: "Check that the address is a registry's; a proxy may answer in its place.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function readAnnotations(value: unknown): Readonly<Record<string, string>> | null {
  if (!isObject(value)) return null;
  // No prototype: `__proto__` is a key like any other.
  const entries = Object.entries(value).filter((entry): entry is [string, string] => {
    return typeof entry[1] === "string";
  });
  return Object.fromEntries(entries);
}
