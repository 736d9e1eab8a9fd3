import { MEDIA_TYPES, type RawManifest } from "../model/descriptor.ts";
import { type Digest, isDigest } from "../model/digest.ts";

/** A part of an artifact: its config, a layer, or what an index lists. */
export interface Part {
  /** How people know it: the file's name, the platform, else the media type. */
  readonly name: string;
  /** `null`: it has none, and stands for itself by its place. */
  readonly title: string | null;
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What an artifact's manifest says. */
export interface Content {
  /** `artifactType`, else the config's media type, else the manifest's. */
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly parts: readonly Part[];
}

/** Reads what a manifest or an index lists; `null`: it is neither, or something in it has no digest. */
export function readContent(raw: RawManifest): Content | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw.bytes));
  } catch {
    return null;
  }
  const { artifactType, annotations, config, layers, manifests } = (parsed ?? {}) as Record<
    string,
    unknown
  >;
  const items = Array.isArray(layers) ? layers : Array.isArray(manifests) ? manifests : null;
  if (!items) return null;
  const parts = items.map(readPart);
  if (parts.includes(null)) return null;
  const configType = (config as { mediaType?: unknown } | null | undefined)?.mediaType;
  const configPart = configType === MEDIA_TYPES.empty ? null : readPart(config);
  return {
    artifactType: [artifactType, configType, raw.descriptor.mediaType].find(
      (type): type is string => typeof type === "string",
    ) as string,
    annotations: textMembers(annotations),
    parts: [
      ...(configPart ? [{ ...configPart, name: "config", title: "config" }] : []),
      ...parts.filter((part) => part !== null),
    ],
  };
}

function readPart(value: unknown): Part | null {
  const { mediaType, digest, size, annotations, platform } = (value ?? {}) as Record<
    string,
    unknown
  >;
  if (!isDigest(digest) || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    return null;
  const type = typeof mediaType === "string" ? mediaType : "unknown";
  const title =
    textMembers(annotations)["org.opencontainers.image.title"] ?? platformName(platform);
  return { name: title ?? type, title, mediaType: type, digest, size };
}

function platformName(platform: unknown): string | null {
  const { os, architecture, variant } = (platform ?? {}) as Record<string, unknown>;
  const parts = [os, architecture, variant].filter((part) => typeof part === "string");
  return parts.length < 2 ? null : parts.join("/");
}

function textMembers(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
