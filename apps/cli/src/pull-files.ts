import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactStore, RawManifest } from "@floe/core";
import { MAX_PATH_BYTES, MAX_TITLE_BYTES, pathProblem } from "./files/path-problem.ts";
import { alreadyThere } from "./files/place-staged.ts";
import { openStaging, refusedPath } from "./files/staging.ts";
import { type TitledLayer, titledLayers } from "./files/titled-layers.ts";

/** A file or folder that was pulled. */
export interface PulledFile {
  /** Relative to the folder. */
  readonly path: string;
  /** Of the layer. */
  readonly digest: string;
  /** Bytes of the layer. */
  readonly size: number;
  /** How many files a folder has; `null` for a file. */
  readonly unpacked: number | null;
}

/** How many layers are fetched at a time. */
const AT_ONCE = 4;

/** How {@link pullFiles} writes. */
export interface PullOptions {
  readonly signal: AbortSignal;
  /** Replace what is there with other content. */
  readonly overwrite: boolean;
  /** Called with the bytes that came and with how many there are. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

/**
 * Writes an artifact's layers into a folder, each under the title that its annotation gives. Titles are input of whoever
 * pushed: nothing is written outside the folder, and no link is followed. Everything lies in a hidden folder until all of
 * it was checked.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a title that would leave the folder, or two of one name
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - a packed folder is larger than floe unpacks
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - bytes are not those of the layer; nothing of it is kept
 * @throws {FloeError} FLOE_USAGE_INVALID - files are there already with other content
 * @throws {FloeError} FLOE_OUTPUT_FAILED - the folder cannot be written to
 */
export async function pullFiles(
  store: ArtifactStore,
  manifest: RawManifest,
  folder: string,
  { signal, overwrite, onBytes }: PullOptions,
): Promise<PulledFile[]> {
  const { countBytes } = await import("@floe/oci/count-bytes");
  const { inParallel } = await import("@floe/oci/in-parallel");
  const layers = titledLayers(manifest);
  if (layers.length === 0) return [];
  for (const { title } of layers) {
    const problem = pathProblem(title, MAX_TITLE_BYTES);
    if (problem !== null) throw refusedPath(title, problem);
  }
  if (!overwrite) await refuseOthers(folder, layers);
  const total = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const fetched = ({ descriptor }: TitledLayer, stop = signal): AsyncIterable<Uint8Array> =>
    countBytes(store.openBlob(descriptor, { signal: stop }), (bytes) => onBytes?.(bytes, total));
  await using staging = await openStaging(folder, MAX_PATH_BYTES);
  const plain = layers.filter((layer) => !layer.folder);
  await inParallel(plain, { limit: AT_ONCE, signal }, async (layer, stop) => {
    await staging.addFile(layer.title, { executable: false }, fetched(layer, stop));
  });
  const files: PulledFile[] = [];
  for (const [index, layer] of layers.entries()) {
    const { title, contentDigest } = layer;
    const { digest, size } = layer.descriptor;
    if (!layer.folder) {
      files.push({ path: title, digest, size, unpacked: null });
      continue;
    }
    // Nothing is decompressed before it has the right digest.
    const path = await staging.addTemporary(`${index}.layer`, fetched(layer));
    const { unpackFolder } = await import("./files/unpack-folder.ts");
    const unpacked = await unpackFolder({ path, size, title, contentDigest }, staging, { signal });
    await rm(path);
    files.push({ path: title, digest, size, unpacked });
  }
  signal.throwIfAborted();
  await staging.commit({ overwrite });
  return files;
}

/** Finds files that are certainly others before anything is fetched; the rest is compared when all of it is there. */
async function refuseOthers(folder: string, layers: readonly TitledLayer[]): Promise<void> {
  const others: string[] = [];
  for (const { title, descriptor, folder: packed } of layers) {
    if (packed) continue;
    const there = await lstat(join(folder, title)).catch(() => null);
    if (there !== null && (there.isFile() ? there.size !== descriptor.size : !there.isDirectory()))
      others.push(title);
  }
  if (others.length > 0) throw alreadyThere(others);
}
