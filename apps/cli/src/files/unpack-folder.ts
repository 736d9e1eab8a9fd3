import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FloeError } from "@floe/core/errors";
import { linkProblem } from "./link-problem.ts";
import { readTar, type TarEntry } from "./read-tar.ts";
import { MAX_FOLDER_ENTRIES } from "./scan-folder.ts";
import { refusedPath, type Staging } from "./staging.ts";
import { notTar } from "./tar-header.ts";

// Text shrinks to a tenth; a bomb to a thousandth.
const MAX_RATIO = 200;
const FREE_BYTES = 64 * 1024 * 1024;
const MAX_BYTES = 64 * 1024 * 1024 * 1024;

/** A packed folder: a file with bytes that somebody else chose. */
export interface PackedLayer {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** What the folder is called, and what every path in it begins with. */
  readonly title: string;
  /** Of the archive before it was compressed, where the layer says so. */
  readonly contentDigest: string | null;
}

/**
 * Unpacks a folder into a staging place and says how many files it has.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - not an archive, a path or link that leads out, or a device
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - it grows too much, or has too many entries
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - the archive is not the one that the layer names
 */
export async function unpackFolder(
  layer: PackedLayer,
  staging: Staging,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const { title, contentDigest } = layer;
  const algorithm = /^(sha256|sha512):[0-9a-f]+$/.exec(contentDigest ?? "")?.[1] ?? null;
  const hash = algorithm === null ? null : createHash(algorithm);
  async function* hashed(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of await openArchive(layer)) {
      signal.throwIfAborted();
      hash?.update(chunk);
      yield chunk;
    }
  }
  let entries = 0;
  let files = 0;
  await staging.addFolder(title);
  for await (const entry of readTar(hashed())) {
    entries += 1;
    if (entries > MAX_FOLDER_ENTRIES)
      throw tooMuch(title, `has more than ${MAX_FOLDER_ENTRIES} files and folders`);
    if (await unpackEntry(entry, title, staging)) files += 1;
  }
  if (hash !== null && `${algorithm}:${hash.digest("hex")}` !== contentDigest) {
    throw new FloeError({
      code: "FLOE_DIGEST_MISMATCH",
      message: `the archive of the folder ${JSON.stringify(title)} is not ${contentDigest}`,
      hint: "The layer's annotations contradict its content. Nothing was written.",
    });
  }
  return files;
}

/** Stages one entry; `true` for a file or link. */
async function unpackEntry(entry: TarEntry, title: string, staging: Staging): Promise<boolean> {
  const path = insideOf(title, entry.name);
  const { type } = entry;
  if (type === "5" || (isFile(type) && entry.name.endsWith("/"))) {
    await staging.addFolder(path);
    return false;
  }
  if (path === title) throw refusedPath(path, "the folder itself would be something else");
  if (isFile(type)) {
    await staging.addFile(path, { executable: (entry.mode & 0o100) !== 0 }, entry.content);
  } else if (type === "2") {
    const problem = linkProblem(path.slice(title.length + 1), entry.linkName);
    if (problem !== null) throw refusedPath(path, `it is a link and ${problem}`);
    await staging.addLink(path, entry.linkName);
  } else if (type === "1") await staging.addHardLink(path, insideOf(title, entry.linkName));
  else throw refusedPath(path, "it is a device, a pipe or something else that is no file");
  return true;
}

function isFile(type: string): boolean {
  return type === "0" || type === "\0" || type === "7";
}

function insideOf(title: string, name: string): string {
  const path = name.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  if (path === title || path.startsWith(`${title}/`)) return path;
  throw refusedPath(name, `it is not in the folder ${JSON.stringify(title)}`);
}

/** The archive's bytes, decompressed where they are compressed. */
async function openArchive({ path, size, title }: PackedLayer): Promise<AsyncIterable<Uint8Array>> {
  const file = await open(path);
  const start = Buffer.alloc(2);
  try {
    await file.read(start, 0, 2, 0);
  } finally {
    await file.close();
  }
  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (start.readUInt16BE() !== 0x1f8b) return source as AsyncIterable<Uint8Array>;
  return gunzip(source, title, Math.min(MAX_BYTES, FREE_BYTES + MAX_RATIO * size));
}

async function* gunzip(
  source: NodeJS.ReadableStream,
  title: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unzip = createGunzip();
  // Its errors come out of the iteration below.
  pipeline(source, unzip, () => {});
  let total = 0;
  try {
    for await (const chunk of unzip as AsyncIterable<Uint8Array>) {
      total += chunk.byteLength;
      if (total > maxBytes)
        throw tooMuch(title, `grows to more than ${maxBytes} bytes when it is unpacked`);
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_") ? notTar("its compression is damaged", error) : error;
  } finally {
    unzip.destroy();
  }
}

function tooMuch(title: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `the folder ${JSON.stringify(title)} ${why}`,
    hint: "Nothing was written. If you trust it, fetch the layer with another tool and unpack it there.",
  });
}
