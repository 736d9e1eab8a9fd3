import { FloeError } from "@floe/core/errors";
import {
  type Descriptor,
  type Digest,
  digestHex,
  MEDIA_TYPES,
  type RawManifest,
} from "@floe/core/model";
import type { ManifestInput } from "@floe/core/ports";
import { type ManifestJson, readDescriptor, readManifestJson } from "./manifest-json.ts";

/** The tag of a subject's list of referrers (distribution-spec, "Referrers Tag Schema"). */
export function fallbackTag(subject: Digest): string {
  const algorithm = subject.slice(0, subject.indexOf(":"));
  return `${algorithm}-${digestHex(subject).slice(0, 64)}`;
}

/** Says whether a tag has the form of {@link fallbackTag}. cosign's own tags go on with a suffix. */
export function isFallbackTag(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64}$/.test(tag);
}

/**
 * Reads a list of referrers: its entries by digest, with all members that others gave them.
 * @param where - the tag with its repository, for messages
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - something else was put under the tag
 */
export function readFallbackIndex(found: RawManifest, where: string): Map<Digest, Descriptor> {
  const json = readManifestJson(found.bytes);
  const { mediaType } = found.descriptor;
  if (mediaType !== MEDIA_TYPES.ociIndex || json?.schemaVersion !== 2 || json.subject !== null) {
    throw invalid(`${where} is not an index of referrers but ${mediaType}`);
  }
  const entries = new Map<Digest, Descriptor>();
  for (const value of json.manifests ?? []) {
    const descriptor = readDescriptor(value);
    if (descriptor === null) throw invalid(`${where} has an entry that is no descriptor`);
    entries.set(descriptor.digest, { ...(value as Descriptor), ...descriptor });
  }
  return entries;
}

/** Makes a list of referrers, the same from the same entries. */
export function makeFallbackIndex(entries: Iterable<Descriptor>): ManifestInput {
  const manifests = [...entries].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
  return { bytes: new TextEncoder().encode(JSON.stringify(index)), mediaType: index.mediaType };
}

/**
 * The entry of a manifest in a list of referrers: the type is pulled up and all annotations are copied, so that
 * readers need not fetch to choose.
 */
export function describeReferrer(
  { mediaType, digest, size }: Descriptor,
  json: ManifestJson,
): Descriptor {
  const artifactType = json.artifactType ?? json.configMediaType;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === null ? {} : { artifactType }),
    ...(json.annotations === null ? {} : { annotations: json.annotations }),
  };
}

function invalid(message: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message,
    hint: "The tag belongs to the list of an artifact's referrers; something else was put there.",
  });
}
