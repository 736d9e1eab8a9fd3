import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Digest } from "@floe/core/model";
import { readInput } from "./read-input.ts";
import type { FolderEntry } from "./scan-folder.ts";
import { type TarInput, writeTar } from "./write-tar.ts";

/** A folder as one file. */
export interface PackedFolder {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Of the archive before it was compressed. */
  readonly contentDigest: Digest;
}

/**
 * Packs a folder with tar and gzip into a new file. Nothing of the clock, the owner or the machine goes in.
 * @throws {FloeError} FLOE_FILE_CHANGED - a file changed or vanished since it was listed
 */
export async function packFolder(
  entries: readonly FolderEntry[],
  path: string,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (count: number) => void },
): Promise<PackedFolder> {
  const content = createHash("sha256");
  const packed = createHash("sha256");
  let size = 0;
  async function* archive(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const part of writeTar(entries.map(tarInput))) {
      content.update(part);
      yield part;
    }
  }
  async function* named(zipped: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const part of zipped) {
      // The gzip header names the system that it was made on (RFC 1952, "OS"); 255 is any.
      for (let at = 0; at < part.length && size + at <= 9; at += 1)
        if (size + at === 9) part[at] = 255;
      packed.update(part);
      size += part.byteLength;
      yield part;
    }
  }

  function tarInput(entry: FolderEntry): TarInput {
    const plain = { size: 0, linkName: "" };
    if (entry.kind === "folder")
      return { ...plain, name: `${entry.path}/`, mode: 0o755, type: "5" };
    if (entry.kind === "link")
      return { ...plain, name: entry.path, mode: 0o777, type: "2", linkName: entry.target };
    const { source, stamp, executable } = entry;
    async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const part of readInput(source, stamp, { signal, links: "refused" })) {
        onBytes(part.byteLength);
        yield part;
      }
    }
    const mode = executable ? 0o755 : 0o644;
    return { ...plain, name: entry.path, size: stamp.size, mode, type: "0", content: counted };
  }

  await pipeline(
    Readable.from(archive(), { objectMode: false }),
    createGzip({ level: 6 }),
    named,
    createWriteStream(path, { flags: "wx", mode: 0o600 }),
    { signal },
  );
  return {
    digest: `sha256:${packed.digest("hex")}` as Digest,
    size,
    contentDigest: `sha256:${content.digest("hex")}` as Digest,
  };
}
