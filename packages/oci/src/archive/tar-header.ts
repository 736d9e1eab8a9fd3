import { FloeError } from "@floe/core/errors";

/** Tar is made of blocks of this many bytes. */
export const BLOCK_BYTES = 512;
/** The longest name that a header holds; longer ones need an extended header before it. */
export const MAX_NAME_BYTES = 100;
/** The most that fits into the octal size field. */
const MAX_OCTAL_SIZE = 0o77777777777;

/** What floe reads of a tar header (POSIX.1-2017, "ustar Interchange Format"). */
export interface TarHeader {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The type flag: `0` file, `5` folder, `x` and `g` extended headers, `L` GNU long name, others. */
  readonly type: string;
}

/**
 * Makes the header of a file or folder. Everything but name and size is fixed, so that the same content gives the same
 * archive.
 */
export function tarHeader({ name, size, type }: TarHeader): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, MAX_NAME_BYTES, "utf8");
  block.write(type === "5" ? "0000755\0" : "0000644\0", 100, "ascii");
  block.write("0000000\0", 108, "ascii");
  block.write("0000000\0", 116, "ascii");
  writeSize(block, size);
  // 1970: the time of the copy would make every archive another one.
  block.write("00000000000\0", 136, "ascii");
  block.write("        ", 148, "ascii");
  block.write(type, 156, "ascii");
  block.write("ustar\x0000", 257, "ascii");
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return block;
}

/**
 * Reads a header; `null` for the block of zeros that ends an archive.
 * @throws {FloeError} FLOE_STORE_INVALID - the checksum is wrong, or the size is no number
 */
export function readTarHeader(block: Uint8Array): TarHeader | null {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (bytes.every((byte) => byte === 0)) return null;
  const stated = Number.parseInt(field(bytes, 148, 8), 8);
  if (stated !== checksum(bytes)) throw notTar("a header's checksum is wrong");
  const ustar = bytes.toString("ascii", 257, 262) === "ustar";
  const prefix = ustar && bytes[263] !== 0x20 ? field(bytes, 345, 155) : "";
  const base = field(bytes, 0, MAX_NAME_BYTES);
  const type = String.fromCharCode(bytes[156] ?? 0);
  return {
    name: prefix === "" ? base : `${prefix}/${base}`,
    size: readSize(bytes),
    type: type === "\0" || type === "7" ? "0" : type,
  };
}

/** FLOE_STORE_INVALID: the bytes are not a tar archive that floe reads. */
export function notTar(reason: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_STORE_INVALID",
    message: `the archive cannot be used: ${reason}`,
    hint: "It should be a tar of an OCI image layout, also gzip'd, as floe artifact copy, skopeo or oras write it.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function writeSize(block: Buffer, size: number): void {
  if (size <= MAX_OCTAL_SIZE) {
    block.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "ascii");
    return;
  }
  // What GNU tar and all that came after it do with files of 8 GiB and more.
  block[124] = 0x80;
  block.writeBigUInt64BE(BigInt(size), 128);
}

function readSize(block: Buffer): number {
  if (block[124] === 0x80) {
    const size = block.readBigUInt64BE(128);
    if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(size);
    throw notTar("a file is larger than any disk");
  }
  const text = field(block, 124, 12).trim();
  if (/^[0-7]{1,12}$/.test(text)) return Number.parseInt(text, 8);
  throw notTar("a file's size is no number");
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (const [index, byte] of block.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  return sum;
}

function field(block: Buffer, start: number, length: number): string {
  const end = block.subarray(start, start + length).indexOf(0);
  return block.toString("utf8", start, end < 0 ? start + length : start + end);
}
