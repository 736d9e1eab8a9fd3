import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { BLOCK_BYTES, notTar, readTarHeader } from "./tar-header.ts";

/** Extended headers and long names; a path is at most 4096 bytes anywhere. */
const MAX_EXTENSION_BYTES = 64 * 1024;
const MAX_ENTRIES = 100_000;

/** A file in an archive. */
export interface TarFile {
  /** As it stands there, unchecked. */
  readonly name: string;
  readonly size: number;
  /** To be read before the next file is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Reads the files of a tar archive as they come: ustar, pax and GNU's long names. Folders are passed over.
 * @throws {FloeError} FLOE_STORE_INVALID - not a tar archive, cut off, too many entries, or a link, device or other special
 *   entry in it: an image layout has none
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarFile, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const reader = createByteReader(iterator);
    let extended: { readonly name?: string; readonly size?: number } = {};
    for (let entries = 0; ; entries += 1) {
      if (entries > MAX_ENTRIES) throw notTar(`it has more than ${MAX_ENTRIES} entries`);
      const block = await reader.take(BLOCK_BYTES);
      if (block === null) throw notTar("it ends without the mark of its end");
      const header = readTarHeader(block);
      // One block of zeros is enough of an end; what follows is padding of the writer's.
      if (header === null) return;
      if (header.type === "x" || header.type === "L" || header.type === "g") {
        const text = await readExtension(reader, header.size);
        if (header.type === "x") extended = { ...extended, ...readPax(text) };
        if (header.type === "L")
          extended = { ...extended, name: text.toString("utf8").replace(/\0.*$/s, "") };
        continue;
      }
      const name = extended.name ?? header.name;
      const size = extended.size ?? header.size;
      extended = {};
      if (header.type === "5") {
        if (size !== 0)
          throw notTar(`the folder ${JSON.stringify(name.slice(0, 200))} has content`);
        continue;
      }
      if (header.type !== "0") {
        throw notTar(
          `${JSON.stringify(name.slice(0, 200))} is neither a file nor a folder (type ${JSON.stringify(header.type)})`,
        );
      }
      let left = size;
      const content = async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
        for await (const part of reader.pass(left)) {
          left -= part.byteLength;
          yield part;
        }
      };
      yield { name, size, content: content() };
      await skip(reader, left + padding(size));
    }
  } finally {
    await iterator.return?.();
  }
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

async function skip(reader: ByteReader, count: number): Promise<void> {
  const parts = reader.pass(count);
  while ((await parts.next()).done !== true);
}

async function readExtension(reader: ByteReader, size: number): Promise<Buffer> {
  if (size > MAX_EXTENSION_BYTES) throw notTar("an extended header is too large");
  const bytes = size === 0 ? new Uint8Array() : await reader.take(size);
  if (bytes === null) throw notTar("it ends in the middle of a header");
  await skip(reader, padding(size));
  return Buffer.from(bytes);
}

/** Reads the records `LENGTH KEY=VALUE\n` of an extended header (POSIX.1-2017, "pax Extended Header"). */
function readPax(bytes: Buffer): { readonly name?: string; readonly size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString("ascii", at, space < 0 ? at : space));
    const end = at + length;
    if (!Number.isInteger(length) || length < 5 || end > bytes.length || end <= space)
      throw notTar("an extended header is malformed");
    const record = bytes.toString("utf8", space + 1, end - 1);
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value;
    if (key === "size") {
      if (!/^\d{1,15}$/.test(value)) throw notTar("a file's size is no number");
      found.size = Number(value);
    }
    // Sparse files have other sizes in the archive than on the disk; no layout needs them.
    if (key.startsWith("GNU.sparse")) throw notTar("it has sparse files");
    at = end;
  }
  return found;
}
