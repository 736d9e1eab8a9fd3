/** Bytes of a report; more than scanners write for the largest images. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Parses the JSON of a tool: UTF-8, or UTF-16 with a byte order mark.
 *
 * @throws {Error} naming the place of what is wrong, and never the text there, which may be a secret.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength > MAX_BYTES) {
    throw new Error(
      `it has ${bytes.byteLength} bytes, the limit is ${MAX_BYTES}: let the scanner leave out what is not judged`,
    );
  }
  const text = decode(bytes);
  if (text.trim() === "") throw new Error("the report is empty");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const place = /\(line \d+ column \d+\)|position \d+/.exec(String(cause))?.[0];
    throw new Error(
      `it is not JSON${place === undefined ? "" : `, at ${place.replace(/[()]/g, "")}`}: cut off, or not written by the scanner alone`,
    );
  }
}

function decode(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`it is not text in ${encoding}`);
  }
}
