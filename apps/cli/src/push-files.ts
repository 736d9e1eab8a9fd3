import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { type ArtifactStore, FloeError } from "@floe/core";
import {
  type Descriptor,
  type Digest,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
} from "@floe/core/model";

/** Media types by ending, for files whose type is not given. */
const BY_ENDING: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
  ".txt": "text/plain",
  ".tar": "application/vnd.oci.image.layer.v1.tar",
  ".tgz": "application/vnd.oci.image.layer.v1.tar+gzip",
};

/** A file to push; `mediaType` follows the path after a colon, as oras writes it. */
export interface PushFile {
  readonly path: string;
  readonly mediaType: string;
}

/** Takes `config.json:application/vnd.acme.config+json` apart. */
export function parsePushFile(word: string): PushFile {
  const match = /^(.+):([a-z0-9.+-]+\/[a-z0-9.+-]+)$/i.exec(word);
  const path = match?.[1] ?? word;
  return { path, mediaType: match?.[2] ?? BY_ENDING[extname(path)] ?? "application/octet-stream" };
}

/** What is pushed besides the files. */
export interface PushOptions {
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Pushes files as the layers of one artifact and returns its manifest, not yet tagged. The same files give the same
 * digest: nothing of the clock or the machine goes in.
 * @throws {FloeError} FLOE_USAGE_INVALID - a file is missing, or two have one name
 */
export async function pushFiles(
  store: ArtifactStore,
  files: readonly PushFile[],
  { artifactType, annotations, signal }: PushOptions,
): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }> {
  const layers: Descriptor[] = [];
  for (const file of files) {
    const title = basename(file.path);
    if (layers.some((layer) => layer.annotations?.["org.opencontainers.image.title"] === title)) {
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `two files are named ${title}`,
        hint: "Layers are told apart by their file names.",
      });
    }
    const content = await describeFile(file);
    await store.putBlob(content, () => createReadStream(file.path), { signal });
    layers.push({ ...content, annotations: { "org.opencontainers.image.title": title } });
  }
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: layers.length > 0 ? layers : [EMPTY_DESCRIPTOR],
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  return {
    bytes: new TextEncoder().encode(JSON.stringify(manifest)),
    mediaType: MEDIA_TYPES.ociManifest,
  };
}

async function describeFile(file: PushFile): Promise<Descriptor> {
  try {
    const { size } = await stat(file.path);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file.path)) hash.update(chunk as Uint8Array);
    return { mediaType: file.mediaType, digest: `sha256:${hash.digest("hex")}` as Digest, size };
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${file.path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown error"})`,
      hint: "Give the path of a file; a media type may follow after a colon.",
      cause,
    });
  }
}
