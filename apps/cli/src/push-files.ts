import { createHash } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { FloeError, type ManifestInput } from "@floe/core";
import { type Descriptor, type Digest, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import { giveBack } from "@floe/oci/give-back";
import { createPathClaims } from "./files/path-claims.ts";
import { MAX_TITLE_BYTES, pathProblem } from "./files/path-problem.ts";
import { type InputStamp, readInput, unreadable } from "./files/read-input.ts";
import type { FolderEntry } from "./files/scan-folder.ts";

const TITLE = "org.opencontainers.image.title";
const FOLDER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i;

/** Media types by ending, for files whose type is not given. */
const BY_ENDING: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
  ".txt": "text/plain",
  ".tar": "application/vnd.oci.image.layer.v1.tar",
  ".tgz": FOLDER_TYPE,
};

/** A file or folder to push; the media type follows the path after a colon, as oras writes it. */
export interface PushFile {
  readonly path: string;
  /** `null`: by the file's ending. */
  readonly mediaType: string | null;
}

/** Takes `config.json:application/vnd.acme.config+json` apart. */
export function parsePushFile(word: string): PushFile {
  const match = /^(.+):([a-z0-9.+-]+\/[a-z0-9.+-]+)$/i.exec(word);
  return { path: match?.[1] ?? word, mediaType: match?.[2] ?? null };
}

/** What is pushed besides the files. */
export interface PushOptions {
  /** `null`: none, because the config's media type says what it is. */
  readonly artifactType: string | null;
  /** What stands in the place of the empty config; its media type says what kind of artifact it is. */
  readonly config?: PushFile | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called with the bytes that were read and with how many there are. */
  readonly onRead?: (bytes: number, total: number) => void;
  /** Called with each layer when it is described, and with the config. */
  readonly onLayer?: (layer: PushLayer) => void;
}

/** A layer that is ready to be sent. */
export interface PushLayer {
  readonly title: string;
  readonly descriptor: Descriptor;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** An artifact that was described and not sent yet. To be disposed of: packed folders wait in a temporary one. */
export interface PreparedPush extends AsyncDisposable {
  readonly manifest: ManifestInput;
  readonly layers: readonly PushLayer[];
}

/** What a path of the command line is, before anything of it was read. */
interface Input {
  readonly path: string;
  readonly title: string;
  readonly mediaType: string | null;
  readonly stamp: InputStamp;
  /** Bytes to read. */
  readonly size: number;
  /** `null`: a file. */
  readonly entries: readonly FolderEntry[] | null;
}

/**
 * Describes files and folders as the layers of one artifact. The same content gives the same digest: nothing of the clock
 * or the machine goes in.
 * @throws {FloeError} FLOE_USAGE_INVALID - something is missing, cannot be packed, or two have one name
 * @throws {FloeError} FLOE_FILE_CHANGED - something changed while it was being read
 */
export async function preparePush(
  files: readonly PushFile[],
  { artifactType, config, annotations, signal, onRead, onLayer }: PushOptions,
): Promise<PreparedPush> {
  if (artifactType !== null && !MEDIA_TYPE.test(artifactType))
    throw usage(
      `${JSON.stringify(artifactType.slice(0, 200))} is not a media type`,
      "For example: --artifact-type application/vnd.acme.config.v1",
    );
  const inputs = await lookAt(files, signal);
  const total = inputs.reduce((sum, input) => sum + input.size, 0);
  const options = { signal, onBytes: (bytes: number) => onRead?.(bytes, total) };
  await using resources = new AsyncDisposableStack();
  let folder: Promise<string> | null = null;
  const temporary = (): Promise<string> => {
    folder ??= mkdtemp(join(tmpdir(), "floe-push-")).then((made) => {
      resources.defer(async () => await rm(made, { recursive: true, force: true }));
      return made;
    });
    return folder;
  };
  const described = config ? await describeConfig(config, options) : null;
  if (described) onLayer?.(described);
  const layers: PushLayer[] = [];
  for (const [index, input] of inputs.entries()) {
    const layer =
      input.entries === null
        ? await describeFile(input, options)
        : await describeFolder(input, input.entries, join(await temporary(), `${index}`), options);
    layers.push(layer);
    onLayer?.(layer);
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    ...(artifactType === null ? {} : { artifactType }),
    config: described?.descriptor ?? EMPTY_DESCRIPTOR,
    layers: layers.length > 0 ? layers.map((layer) => layer.descriptor) : [EMPTY_DESCRIPTOR],
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  const owned = resources.move();
  return {
    layers,
    manifest: {
      bytes: new TextEncoder().encode(JSON.stringify(manifest)),
      mediaType: MEDIA_TYPES.ociManifest,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function lookAt(files: readonly PushFile[], signal: AbortSignal): Promise<Input[]> {
  const claims = createPathClaims();
  const inputs: Input[] = [];
  for (const { path, mediaType } of files) {
    const stamp = await stat(path).catch((cause: unknown) => {
      throw unreadable(path, cause, false);
    });
    const title = basename(resolve(path));
    const problem = pathProblem(title, MAX_TITLE_BYTES);
    if (problem !== null)
      throw usage(
        `the name ${JSON.stringify(title)} cannot be pushed: ${problem}`,
        "Give the file another name.",
      );
    if (claims.claim(title, "file") !== null)
      throw usage(`two files are named ${title}`, "Layers are told apart by their file names.");
    if (stamp.isDirectory()) {
      const { scanFolder } = await import("./files/scan-folder.ts");
      const entries = await scanFolder(path, title, { signal });
      const size = entries.reduce(
        (sum, entry) => sum + (entry.kind === "file" ? entry.stamp.size : 0),
        0,
      );
      inputs.push({ path, title, mediaType, stamp, size, entries });
    } else if (stamp.isFile()) {
      inputs.push({ path, title, mediaType, stamp, size: stamp.size, entries: null });
    } else throw usage(`${path} is neither a file nor a folder`, "Only those can be pushed.");
  }
  return inputs;
}

// A config is no file to pull, so it has no title.
async function describeConfig(
  { path, mediaType }: PushFile,
  options: ReadOptions,
): Promise<PushLayer> {
  const stamp = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause, false);
  });
  if (!stamp.isFile()) throw usage(`${path} is not a file`, "A config is one JSON document.");
  const title = basename(resolve(path));
  const input = { path, title, mediaType, stamp, size: stamp.size, entries: null };
  const { descriptor, ...rest } = await describeFile(input, options);
  const { annotations: _, ...untitled } = descriptor;
  return { ...rest, descriptor: untitled };
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

async function describeFile(input: Input, { signal, onBytes }: ReadOptions): Promise<PushLayer> {
  const { path, title, stamp } = input;
  const hash = createHash("sha256");
  for await (const chunk of readInput(path, stamp, { signal, links: "followed" })) {
    hash.update(chunk);
    onBytes(chunk.byteLength);
    giveBack(chunk);
  }
  return {
    title,
    descriptor: {
      mediaType: input.mediaType ?? BY_ENDING[extname(path)] ?? "application/octet-stream",
      digest: `sha256:${hash.digest("hex")}` as Digest,
      size: stamp.size,
      annotations: { [TITLE]: title },
    },
    open: (open) => readInput(path, stamp, { signal: open, links: "followed" }),
  };
}

async function describeFolder(
  input: Input,
  entries: readonly FolderEntry[],
  packedPath: string,
  options: ReadOptions,
): Promise<PushLayer> {
  const { title, mediaType } = input;
  const { packFolder } = await import("./files/pack-folder.ts");
  const { digest, size, contentDigest } = await packFolder(entries, packedPath, options);
  const packed = await stat(packedPath);
  return {
    title,
    descriptor: {
      mediaType: mediaType ?? FOLDER_TYPE,
      digest,
      size,
      // As oras writes and reads them.
      annotations: {
        "io.deis.oras.content.digest": contentDigest,
        "io.deis.oras.content.unpack": "true",
        [TITLE]: title,
      },
    },
    open: (signal) => readInput(packedPath, packed, { signal, links: "refused" }),
  };
}

function usage(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
}
