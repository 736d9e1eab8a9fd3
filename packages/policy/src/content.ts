import { type Descriptor, isDigest } from "@floe/core/model";
import type { GateSubject } from "@floe/core/plugin";
import type { ArtifactFacts } from "@floe/core/ports";
import type { CompiledArtifact } from "@floe/core/spec";
import type { ManifestReading } from "./read-manifest.ts";
import { CannotJudge } from "./rules/cannot-judge.ts";

/** The largest config of an image that is read, in bytes. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** The largest text that is searched for secrets, in bytes. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/** All texts of one artifact together, in bytes. */
const MAX_TEXTS_BYTES = 64 * 1024 * 1024;

/** A text that is part of an artifact. */
export interface ArtifactText {
  /** `config`, or a layer's file name, else its digest. */
  readonly name: string;
  readonly text: string;
}

/** What an artifact is made of, read when a rule asks and at most once. */
export interface ArtifactContent {
  /** @throws {CannotJudge} it is not a compiled artifact of floe */
  readonly compiled: () => Promise<CompiledArtifact>;
  /** The labels of the image's config or of the compiled platform. @throws {CannotJudge} it has no place for labels */
  readonly labels: () => Promise<Readonly<Record<string, string>>>;
  /** The config and every layer that is JSON, YAML or text. Archives and programs are not among them. */
  readonly texts: () => Promise<readonly ArtifactText[]>;
}

/** The content of a compiled artifact that is not in a registry yet. */
export function compiledContent(compiled: CompiledArtifact, bytes: Uint8Array): ArtifactContent {
  const text = new TextDecoder().decode(bytes);
  return {
    compiled: () => Promise.resolve(compiled),
    labels: () => Promise.resolve(compiled.metadata.labels),
    texts: () => Promise.resolve([{ name: "compiled_artifacts.json", text }]),
  };
}

/** Reads the content of an artifact from where it is. */
export function artifactContent(
  artifact: GateSubject["artifact"],
  manifest: ManifestReading,
  facts: ArtifactFacts | null,
  signal: AbortSignal,
): ArtifactContent {
  const read = async (part: RawDescriptor, maxBytes: number): Promise<Uint8Array> => {
    if (!facts) throw new CannotJudge("what is in the artifact cannot be read here");
    if (part.size > maxBytes)
      throw new CannotJudge(`${part.digest} has ${part.size} bytes, and ${maxBytes} are read`);
    return await facts.blob(descriptorOf(part), { signal, maxBytes });
  };
  const compiled = once(async () => {
    const image = imageOf(manifest);
    const { COMPILED_MEDIA_TYPE, MAX_COMPILED_BYTES, parseCompiledArtifact } = await import(
      "@floe/core/spec"
    );
    const [layer, ...more] = image.layers;
    const type = image.artifactType ?? image.config.mediaType;
    if (type !== COMPILED_MEDIA_TYPE || !layer || more.length > 0)
      throw new CannotJudge("the artifact is not one that floe platform compile has made");
    const bytes = await read(layer, MAX_COMPILED_BYTES);
    try {
      return parseCompiledArtifact(bytes, artifact.reference);
    } catch (cause) {
      throw new CannotJudge(cause instanceof Error ? cause.message : String(cause));
    }
  });
  const labels = once(async () => {
    const image = imageOf(manifest);
    const { COMPILED_MEDIA_TYPE } = await import("@floe/core/spec");
    if ((image.artifactType ?? image.config.mediaType) === COMPILED_MEDIA_TYPE)
      return (await compiled()).metadata.labels;
    if (!IMAGE_CONFIG.test(image.config.mediaType))
      throw new CannotJudge(`an artifact of type ${image.config.mediaType} has no labels`);
    return labelsOf(await read(image.config, MAX_CONFIG_BYTES));
  });
  const texts = once(async () => {
    const image = imageOf(manifest);
    const parts = [
      ...(TEXT.test(image.config.mediaType) ? [{ ...image.config, name: "config" }] : []),
      ...image.layers.flatMap((layer) =>
        TEXT.test(layer.mediaType)
          ? [{ ...layer, name: layer.annotations?.[TITLE] ?? layer.digest }]
          : [],
      ),
    ];
    const total = parts.reduce((sum, { size }) => sum + size, 0);
    if (total > MAX_TEXTS_BYTES)
      throw new CannotJudge(`its texts have ${total} bytes, and ${MAX_TEXTS_BYTES} are searched`);
    const found: ArtifactText[] = [];
    for (const part of parts) {
      const bytes = await read(part, MAX_TEXT_BYTES);
      found.push({ name: part.name, text: new TextDecoder().decode(bytes) });
    }
    return found;
  });
  return { compiled, labels, texts };
}

const IMAGE_CONFIG =
  /^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;
const TEXT = /^(?:text\/|application\/(?:.*[+.])?(?:json|yaml|x-yaml|toml|xml)(?:$|;))/i;
const TITLE = "org.opencontainers.image.title";

interface RawDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function descriptorOf({ mediaType, digest, size }: RawDescriptor): Descriptor {
  if (!isDigest(digest)) throw new CannotJudge(`${digest.slice(0, 100)} is not a digest`);
  return { mediaType, digest, size };
}

function imageOf(manifest: ManifestReading) {
  if (!manifest.ok) throw new CannotJudge(`the manifest cannot be read: ${manifest.problem}`);
  if (manifest.value.kind === "index")
    throw new CannotJudge("the artifact is an index; its images are artifacts of their own");
  return manifest.value;
}

function labelsOf(bytes: Uint8Array): Record<string, string> {
  let config: unknown;
  try {
    config = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new CannotJudge("the image's config is not JSON");
  }
  const labels = (config as { config?: { Labels?: unknown } | null } | null)?.config?.Labels ?? {};
  if (typeof labels !== "object") throw new CannotJudge("the image's labels are no map");
  return Object.fromEntries(
    Object.entries(labels ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
