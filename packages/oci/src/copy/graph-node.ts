import { FloeError } from "@floe/core/errors";
import type { Descriptor, Digest, RawManifest } from "@floe/core/model";
import { isManifestType } from "../layout/manifest-facts.ts";
import { readDescriptor } from "../registry/manifest-json.ts";

/** A platform as an image index names it (image-spec, `image-index.md`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | null;
}

/** A manifest that an index names. */
export interface GraphChild {
  readonly descriptor: Descriptor;
  /** `null` where the index names none. */
  readonly platform: Platform | null;
}

/** A manifest with everything that it refers to. */
export interface GraphNode {
  readonly raw: RawManifest;
  /** What has to lie at the destination before the manifest: config, layers, and what an index names that is no manifest. */
  readonly blobs: readonly Descriptor[];
  /** Layers that name other places (`urls`): whoever runs the image fetches them there. Floe never does. */
  readonly foreign: readonly Descriptor[];
  readonly children: readonly GraphChild[];
  readonly subject: Digest | null;
  /** `artifactType`, else the config's media type. */
  readonly artifactType: string | null;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads what a manifest refers to. A reference that floe would leave behind unnoticed is refused instead.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - not a manifest, two kinds of manifest in one, a malformed
 *   descriptor, or a media type that floe does not know with references in it
 */
export function readGraphNode(raw: RawManifest): GraphNode {
  const { digest, mediaType } = raw.descriptor;
  const json = parse(raw);
  const known = isManifestType(mediaType);
  const refers = ["manifests", "layers", "config", "blobs", "fsLayers"].some((key) => key in json);
  if (!known && refers) {
    throw refused(
      digest,
      `has the media type ${JSON.stringify(mediaType.slice(0, 100))}, and floe cannot tell what belongs to it`,
      "Only OCI and Docker (schema 2) manifests and indexes can be copied.",
    );
  }
  // CVE-2021-41190: such a manifest is one thing to one reader and another to the next.
  if ("manifests" in json && "layers" in json)
    throw refused(digest, "has both layers and manifests");
  const blobs: Descriptor[] = [];
  const foreign: Descriptor[] = [];
  const children: GraphChild[] = [];
  for (const value of listOf(json, "manifests", digest)) {
    const descriptor = describe(value, digest);
    // Build caches list layers where manifests are expected.
    if (isManifestType(descriptor.mediaType))
      children.push({ descriptor, platform: readPlatform(objectOf(value)["platform"]) });
    else blobs.push(descriptor);
  }
  const config = json["config"];
  const parts = [
    ...(config === undefined || config === null ? [] : [config]),
    ...listOf(json, "layers", digest),
    ...listOf(json, "blobs", digest),
  ];
  for (const value of parts) {
    const descriptor = describe(value, digest);
    if (isFilled(objectOf(value)["urls"])) foreign.push(descriptor);
    else blobs.push(descriptor);
  }
  const subject = json["subject"];
  return {
    raw,
    blobs,
    foreign,
    children,
    subject: subject === undefined || subject === null ? null : describe(subject, digest).digest,
    artifactType: text(json["artifactType"]) ?? text(objectOf(config)["mediaType"]),
  };
}

function parse(raw: RawManifest): Json {
  const { digest } = raw.descriptor;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw.bytes));
  } catch (cause) {
    throw refused(digest, "is not JSON in UTF-8", undefined, cause);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
    return parsed as Json;
  throw refused(digest, "is not a JSON object");
}

function listOf(json: Json, key: string, digest: Digest): readonly unknown[] {
  const value = json[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw refused(digest, `has ${key} that are no list`);
}

function describe(value: unknown, digest: Digest): Descriptor {
  const descriptor = readDescriptor(value);
  if (descriptor === null) throw refused(digest, "refers to something by an invalid descriptor");
  const { mediaType, size } = descriptor;
  return { mediaType, digest: descriptor.digest, size };
}

function readPlatform(value: unknown): Platform | null {
  const { os, architecture, variant } = objectOf(value);
  if (typeof os !== "string" || typeof architecture !== "string") return null;
  return { os, architecture, variant: text(variant) };
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function refused(digest: Digest, reason: string, hint?: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the manifest ${digest} ${reason}`,
    ...(hint === undefined ? {} : { hint }),
    details: { digest },
    ...(cause === undefined ? {} : { cause }),
  });
}
