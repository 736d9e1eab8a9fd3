import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { FloeError } from "@floe/core/errors";
import { isDigest } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { readTar, type TarFile } from "./read-tar.ts";
import { notTar } from "./tar-header.ts";

const CHUNK_BYTES = 256 * 1024;
/** Of `index.json` and `oci-layout`: an index of a hundred thousand tags. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** What a gzip'd archive may become: layers are compressed already, so honest ones hardly grow. */
const MAX_RATIO = 100;
const FREE_BYTES = 64 * 1024 * 1024;

/**
 * Unpacks an archive of an OCI image layout (image-spec, `image-layout.md`), also a gzip'd one, into a folder. Only what
 * a layout is made of is written, under names that floe makes itself; other files are passed over.
 * @throws {FloeError} FLOE_STORE_INVALID - not such an archive, cut off, a name twice or one that leads out, or a link
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - a blob is not what its name says
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - a gzip'd archive grows more than a hundredfold
 */
export async function unpackLayout(
  archive: FileHandle,
  folder: string,
  { signal }: CallOptions,
): Promise<void> {
  const { mkdir } = process.getBuiltinModule("node:fs/promises");
  const names = new Set<string>();
  const folders = new Set<string>();
  for await (const file of readTar(await openContent(archive, signal))) {
    signal.throwIfAborted();
    const name = checkName(file.name);
    if (names.has(name)) throw notTar(`it holds ${JSON.stringify(name.slice(0, 200))} twice`);
    names.add(name);
    if (name === "oci-layout" || name === "index.json") {
      if (file.size > MAX_LIST_BYTES) throw notTar(`${name} has ${file.size} bytes`);
      await write(join(folder, name), file, null);
      continue;
    }
    const [blobs, algorithm = "", hex = "", ...rest] = name.split("/");
    const digest = `${algorithm}:${hex}`;
    if (blobs !== "blobs" || rest.length > 0 || !isDigest(digest)) continue;
    const parent = join(folder, "blobs", algorithm);
    if (!folders.has(parent)) await mkdir(parent, { recursive: true });
    folders.add(parent);
    await write(join(parent, hex), file, digest);
  }
  for (const name of ["oci-layout", "index.json"])
    if (!names.has(name)) throw notTar(`it is no OCI image layout: ${name} is missing`);
}

/** Copies a file out. Content is held against its digest, so that nothing in the folder has to be doubted afterwards. */
async function write(path: string, file: TarFile, digest: string | null): Promise<void> {
  const { open } = process.getBuiltinModule("node:fs/promises");
  const algorithm = digest?.slice(0, digest.indexOf(":")) ?? "sha256";
  const hash = createHash(algorithm);
  const handle = await open(path, "wx");
  try {
    for await (const part of file.content) {
      hash.update(part);
      await handle.appendFile(part);
    }
  } finally {
    await handle.close();
  }
  if (digest === null || `${algorithm}:${hash.digest("hex")}` === digest) return;
  throw new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `the archive's blob ${digest} has other bytes than that`,
    hint: "The archive was changed or damaged. Make it again from its source.",
    details: { digest },
  });
}

function checkName(name: string): string {
  const plain = name.replace(/^(?:\.\/+)+/, "");
  const parts = plain.split("/");
  if (plain !== "" && !/[\0\\]/.test(plain) && !/^[a-z]:/i.test(plain))
    if (parts.every((part) => part !== "" && part !== "." && part !== "..")) return plain;
  throw notTar(`the name ${JSON.stringify(name.slice(0, 200))} does not belong into an archive`);
}

/** The archive's bytes, decompressed where it is compressed. */
async function openContent(
  archive: FileHandle,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const start = Buffer.alloc(2);
  await archive.read(start, 0, 2, 0);
  if (start.readUInt16BE() !== 0x1f8b) return readFile(archive, signal);
  const { size } = await archive.stat();
  return gunzip(readFile(archive, signal), FREE_BYTES + MAX_RATIO * size);
}

async function* readFile(
  archive: FileHandle,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const chunk = new Uint8Array(CHUNK_BYTES);
    const { bytesRead } = await archive.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { createGunzip } = process.getBuiltinModule("node:zlib");
  const { Readable, pipeline } = process.getBuiltinModule("node:stream");
  const unzip = createGunzip();
  // Its errors come out of the iteration below.
  pipeline(Readable.from(source, { objectMode: false }), unzip, () => {});
  let total = 0;
  try {
    for await (const chunk of unzip as AsyncIterable<Uint8Array>) {
      total += chunk.byteLength;
      if (total > maxBytes) {
        throw new FloeError({
          code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
          message: `the archive grows to more than ${maxBytes} bytes when it is decompressed`,
          hint: "If it is what you expect, decompress it with gzip first.",
        });
      }
      yield chunk;
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_") ? notTar("its compression is damaged or cut off", error) : error;
  } finally {
    unzip.destroy();
  }
}
