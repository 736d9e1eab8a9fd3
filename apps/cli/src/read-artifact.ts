import { isDigest, type RawManifest } from "@floe/core/model";

type Json = Readonly<Record<string, unknown>>;

/** A layer, or a manifest that an index names. */
export interface ArtifactPart {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** The file name that a layer has, or `null`. */
  readonly title: string | null;
  /** `os/arch[/variant]` that a manifest of an index is for, or `null`. */
  readonly platform: string | null;
}

/** What a manifest says of itself, to be shown; none of it is evidence. */
export interface ArtifactFacts {
  /** Parsed; `null` when it is not JSON. */
  readonly manifest: unknown;
  /** `artifactType`, else the config's media type; `null` without either. */
  readonly artifactType: string | null;
  readonly subject: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly ArtifactPart[];
  /** What an index names. */
  readonly manifests: readonly ArtifactPart[];
}

/** Reads what can be shown of a manifest. What is malformed is left out: this is for looking, also at broken ones. */
export function readArtifact({ bytes }: RawManifest): ArtifactFacts {
  const manifest = parse(bytes);
  const json = objectOf(manifest);
  return {
    manifest,
    artifactType: textOf(json["artifactType"]) ?? textOf(objectOf(json["config"])["mediaType"]),
    subject: textOf(objectOf(json["subject"])["digest"]),
    annotations: annotationsOf(json),
    layers: partsOf(json["layers"]),
    manifests: partsOf(json["manifests"]),
  };
}

function partsOf(value: unknown): ArtifactPart[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    const part = objectOf(item);
    const { digest, mediaType, size } = part;
    if (!isDigest(digest) || typeof mediaType !== "string" || typeof size !== "number") return [];
    const title = annotationsOf(part)["org.opencontainers.image.title"] ?? null;
    return [{ digest, mediaType, size, title, platform: platformOf(part["platform"]) }];
  });
}

function platformOf(value: unknown): string | null {
  const { os, architecture, variant } = objectOf(value);
  const named = [os, architecture, variant].filter(
    (part) => typeof part === "string" && part !== "",
  );
  return named.length < 2 ? null : named.join("/");
}

function annotationsOf(json: Json): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf(json["annotations"])).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}
