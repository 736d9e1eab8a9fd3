import { BLOCK_BYTES, MAX_NAME_BYTES, tarHeader } from "./tar-header.ts";

/** A file or folder to put into an archive. */
export interface TarEntry {
  /** With slashes; folders end with one. */
  readonly name: string;
  /** Bytes; 0 for folders. */
  readonly size: number;
  /** Absent: a folder. */
  readonly content?: () => AsyncIterable<Uint8Array>;
}

/**
 * Makes a tar archive, piece by piece. The same entries in the same order give the same bytes: owner, mode and time are fixed.
 * @throws {RangeError} a file's content is not as long as its `size`
 */
export async function* writeTar(
  entries: Iterable<TarEntry>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  const count = (bytes: Uint8Array): Uint8Array => {
    total += bytes.byteLength;
    return bytes;
  };
  for (const { name, size, content } of entries) {
    const type = content === undefined ? "5" : "0";
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      const record = paxRecord("path", name);
      yield count(tarHeader({ name: "PaxHeaders/path", size: record.byteLength, type: "x" }));
      yield count(padded(record));
      yield count(tarHeader({ name: name.slice(0, MAX_NAME_BYTES), size, type }));
    } else yield count(tarHeader({ name, size, type }));
    let written = 0;
    for await (const part of content?.() ?? []) {
      written += part.byteLength;
      if (written <= size) yield count(part);
    }
    if (written !== size) throw new RangeError(`${name} has ${written} bytes, not ${size}`);
    const rest = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    if (rest > 0) yield count(new Uint8Array(rest));
  }
  // Two empty blocks, and the whole in records of twenty, as every tar is padded.
  const record = 20 * BLOCK_BYTES;
  const end = total + 2 * BLOCK_BYTES;
  yield new Uint8Array(Math.ceil(end / record) * record - total);
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / BLOCK_BYTES) * BLOCK_BYTES);
  whole.set(bytes);
  return whole;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  let whole = length + String(length).length;
  whole = length + String(whole).length;
  return new TextEncoder().encode(`${whole}${rest}`);
}
