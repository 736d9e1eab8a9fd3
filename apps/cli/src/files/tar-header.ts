import { FloeError } from "@floe/core/errors";

/** Tar is made of blocks of this many bytes. */
export const BLOCK_BYTES = 512;
const MAX_OCTAL_SIZE = 0o77777777777;

/** What floe reads and writes of a tar header (POSIX.1-2017, "ustar Interchange Format"). */
export interface TarHeader {
  readonly name: string;
  /** Bytes of the content that follows. */
  readonly size: number;
  readonly mode: number;
  /** The type flag: `0` file, `1` hard link, `2` symbolic link, `5` folder, `x`, `g`, `L` and `K` extensions. */
  readonly type: string;
  readonly linkName: string;
}

/** Whether a header can hold a name without an extended header: it is short, and every reader reads it alike. */
export function fitsHeader(name: string): boolean {
  return name.length <= 100 && /^[\x20-\x7e]*$/.test(name);
}

/** Whether a header can hold a size without an extended header. */
export function fitsSize(size: number): boolean {
  return size <= MAX_OCTAL_SIZE;
}

/** Makes a header without time and owner, so that the same content gives the same archive. */
export function encodeTarHeader({ name, size, mode, type, linkName }: TarHeader): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number): string =>
    `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(name, 0, 100, "utf8");
  block.write(octal(mode, 7), 100, "ascii");
  block.write(octal(0, 7), 108, "ascii");
  block.write(octal(0, 7), 116, "ascii");
  block.write(octal(fitsSize(size) ? size : 0, 11), 124, "ascii");
  block.write(octal(0, 11), 136, "ascii");
  block.write(type, 156, "ascii");
  block.write(linkName, 157, 100, "utf8");
  block.write("ustar\x0000", 257, "ascii");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

/**
 * Reads a header; `null` for the block of zeros that ends an archive.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - the checksum is wrong, or a number is none
 */
export function decodeTarHeader(bytes: Uint8Array): TarHeader | null {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (block.every((byte) => byte === 0)) return null;
  if (Number.parseInt(field(block, 148, 8), 8) !== checksum(block))
    throw notTar("a header's checksum is wrong");
  // GNU's own format says "ustar " and has other things where the prefix would be.
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? field(block, 345, 155) : "";
  const base = field(block, 0, 100);
  return {
    name: prefix === "" ? base : `${prefix}/${base}`,
    size: readNumber(block, 124, 12),
    mode: readNumber(block, 100, 8),
    type: String.fromCharCode(block[156] ?? 0),
    linkName: field(block, 157, 100),
  };
}

/** FLOE_REGISTRY_RESPONSE_INVALID: a layer that says it is a packed folder is none that floe reads. */
export function notTar(reason: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `a layer cannot be unpacked: ${reason}`,
    hint: "Its annotations say that it is a folder, packed with tar and gzip. Whoever pushed it has to push it again.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function readNumber(block: Buffer, start: number, length: number): number {
  if (((block[start] ?? 0) & 0x80) !== 0) {
    // What GNU tar does with numbers that have too many octal digits.
    const value = block.readBigUInt64BE(start + length - 8);
    const above = block.subarray(start + 1, start + length - 8).every((byte) => byte === 0);
    if (block[start] === 0x80 && above && value <= BigInt(Number.MAX_SAFE_INTEGER))
      return Number(value);
    throw notTar("a number in a header is out of bounds");
  }
  const text = field(block, start, length).trim();
  if (text === "") return 0;
  if (/^[0-7]{1,12}$/.test(text)) return Number.parseInt(text, 8);
  throw notTar("a header has a number that is none");
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}

function field(block: Buffer, start: number, length: number): string {
  const bytes = block.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Reads a name. What is not UTF-8 becomes a character that no path may have. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "\u0000not UTF-8";
  }
}
