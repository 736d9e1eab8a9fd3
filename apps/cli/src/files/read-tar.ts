import { BLOCK_BYTES, decodeName, decodeTarHeader, notTar, type TarHeader } from "./tar-header.ts";

const MAX_EXTENSION_BYTES = 1024 * 1024;

/** An entry of an archive; names are as they stand there, unchecked. */
export interface TarEntry extends TarHeader {
  /** To be read to its end before the next entry is asked for; what is left is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

interface Extension {
  readonly name?: string;
  readonly linkName?: string;
  readonly size?: number;
}

/**
 * Reads a tar archive as it comes: ustar, pax, and GNU's long names and large numbers. All of the source is read, also what
 * follows the end of the archive.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - not a tar archive, or cut off
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<TarEntry, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array();

  async function more(): Promise<boolean> {
    while (piece.byteLength === 0) {
      const next = await iterator.next();
      if (next.done === true) return false;
      piece = next.value;
    }
    return true;
  }

  async function* pass(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = count; left > 0; ) {
      if (!(await more())) throw notTar("it is cut off");
      const part = piece.subarray(0, left);
      piece = piece.subarray(part.byteLength);
      left -= part.byteLength;
      yield part;
    }
  }

  async function take(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of pass(count)) parts.push(part);
    return Buffer.concat(parts);
  }

  async function skip(count: number): Promise<void> {
    const parts = pass(count);
    while ((await parts.next()).done !== true);
  }

  async function takeExtension(size: number): Promise<Uint8Array> {
    if (size > MAX_EXTENSION_BYTES) throw notTar("an extended header is too large");
    const bytes = await take(size);
    await skip(padding(size));
    return bytes;
  }

  try {
    let extended: Extension = {};
    while (await more()) {
      const header = decodeTarHeader(await take(BLOCK_BYTES));
      if (header === null) break;
      const { type } = header;
      if (type === "x" || type === "g" || type === "L" || type === "K") {
        const bytes = await takeExtension(header.size);
        // A global header says nothing about any entry that floe would read.
        if (type === "x") extended = { ...extended, ...readPax(bytes) };
        else if (type === "L") extended = { ...extended, name: upToNul(bytes) };
        else if (type === "K") extended = { ...extended, linkName: upToNul(bytes) };
        continue;
      }
      const entry = { ...header, ...extended };
      extended = {};
      let left = entry.size;
      async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
        for await (const part of pass(left)) {
          left -= part.byteLength;
          yield part;
        }
      }
      yield { ...entry, content: content() };
      await skip(left + padding(entry.size));
    }
    do piece = new Uint8Array();
    while (await more());
  } finally {
    await iterator.return?.();
  }
}

function padding(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
}

function upToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Reads the records `LENGTH KEY=VALUE\n` of an extended header (POSIX.1-2017, "pax Extended Header"). */
function readPax(bytes: Uint8Array): Extension {
  const text = Buffer.from(bytes);
  let found: Extension = {};
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(0x20, at);
    const digits = space < 0 ? "" : text.toString("latin1", at, space);
    const end = at + Number(digits);
    if (
      !/^[1-9]\d{0,6}$/.test(digits) ||
      end > text.length ||
      end <= space ||
      text[end - 1] !== 0x0a
    )
      throw notTar("an extended header is malformed");
    const record = text.subarray(space + 1, end - 1);
    const equals = record.indexOf(0x3d);
    const key = record.toString("latin1", 0, Math.max(0, equals));
    const value = record.subarray(equals + 1);
    if (key === "path") found = { ...found, name: decodeName(value) };
    else if (key === "linkpath") found = { ...found, linkName: decodeName(value) };
    else if (key === "size") {
      const size = Number(value.toString("latin1"));
      if (!Number.isSafeInteger(size) || size < 0) throw notTar("a file's size is no number");
      found = { ...found, size };
    } else if (key.startsWith("GNU.sparse")) throw notTar("it has sparse files");
    at = end;
  }
  return found;
}
