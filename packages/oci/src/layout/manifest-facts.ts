import { FloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, isDigest, MEDIA_TYPES } from "@floe/core/model";

/** Largest manifest that floe reads or writes (distribution-spec: registries should take at least 4 MB). */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Superseded by image manifests with an artifactType, but other tools wrote some, with subjects. */
const ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";

const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerIndex,
  ARTIFACT_MANIFEST,
]);

/** What a store has to know of a manifest; the rest is opaque bytes. */
export interface ManifestFacts {
  /** The `mediaType` that the manifest itself states. */
  readonly stated: string | null;
  /** `stated`, else what the shape tells; `null`: not a manifest. */
  readonly mediaType: string | null;
  readonly subject: Digest | null;
  /** `artifactType`, else the config's media type (image-spec, "Guidelines for Artifact Usage"). */
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>> | null;
  /** Config and layers that must be there; layers that name other places (`urls`) are left out. */
  readonly blobs: readonly Digest[];
  /** Children of an index. */
  readonly manifests: readonly Descriptor[];
}

/** Says whether content of this media type can refer to other manifests. */
export function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.has(mediaType);
}

/** Reads a manifest's facts; `null` for bytes that are not a JSON object. */
export function readManifestFacts(bytes: Uint8Array): ManifestFacts | null {
  const json = parseObject(bytes);
  if (json === null) return null;
  const config = asObject(json["config"]);
  const stated = text(json["mediaType"]);
  return {
    stated,
    mediaType: shapeOf(json) === null ? null : (stated ?? shapeOf(json)),
    subject: digestIn(json["subject"]),
    artifactType: text(json["artifactType"]) ?? text(config?.["mediaType"]),
    annotations: readAnnotations(json["annotations"]),
    blobs: [json["config"], ...list(json["layers"]), ...list(json["blobs"])]
      .filter((descriptor) => asObject(descriptor)?.["urls"] === undefined)
      .map(digestIn)
      .filter((digest) => digest !== null),
    manifests: list(json["manifests"])
      .map(readDescriptor)
      .filter((descriptor) => descriptor !== null),
  };
}

/**
 * Reads the facts of a manifest that is to be stored, with a registry's strictness: other tools read every manifest
 * of a layout when they open it, and one that is malformed would make the whole folder unusable for them.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - larger than {@link MAX_MANIFEST_BYTES}
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - not a manifest, or another one than `mediaType` says
 */
export function checkManifest(manifest: {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}): ManifestFacts {
  const { bytes, mediaType } = manifest;
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new FloeError({
      code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
      message: `the manifest has ${bytes.byteLength} bytes; floe stores at most ${MAX_MANIFEST_BYTES}`,
    });
  }
  const facts = readManifestFacts(bytes);
  if (facts === null) throw refused("the manifest is not a JSON object");
  if (facts.mediaType === null) throw refused("the JSON has the shape of no manifest");
  if (facts.stated !== null && facts.stated !== mediaType)
    throw refused(`the manifest says that it is ${facts.stated} and was given as ${mediaType}`);
  return facts;
}

/** A manifest that the store does not take, as a registry would not. */
export function refused(reason: string): FloeError<"FLOE_REGISTRY_RESPONSE_INVALID"> {
  return new FloeError({ code: "FLOE_REGISTRY_RESPONSE_INVALID", message: reason });
}

function shapeOf(json: Readonly<Record<string, unknown>>): string | null {
  if (json["mediaType"] === ARTIFACT_MANIFEST) return ARTIFACT_MANIFEST;
  if (json["schemaVersion"] !== 2) return null;
  if (Array.isArray(json["manifests"])) return MEDIA_TYPES.ociIndex;
  return asObject(json["config"]) && Array.isArray(json["layers"]) ? MEDIA_TYPES.ociManifest : null;
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (error) {
    // SyntaxError from the parser, TypeError from the decoder: not JSON, hence not a manifest.
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Narrows to a JSON object. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Reads the part of a descriptor that finds content; `null` when a member is missing or malformed. */
export function readDescriptor(value: unknown): Descriptor | null {
  const { mediaType, digest, size } = asObject(value) ?? {};
  if (typeof mediaType !== "string" || mediaType === "" || !isDigest(digest)) return null;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
  return { mediaType, digest, size };
}

function digestIn(descriptor: unknown): Digest | null {
  const digest = asObject(descriptor)?.["digest"];
  return isDigest(digest) ? digest : null;
}

function readAnnotations(value: unknown): Readonly<Record<string, string>> | null {
  const entries = Object.entries(asObject(value) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
