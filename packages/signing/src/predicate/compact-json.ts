const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Takes the white space between the tokens of valid JSON out. Every token stays as it is written: numbers that
 * JavaScript cannot hold, the order of members and escapes among them.
 */
export function compactJson(json: Uint8Array): Uint8Array {
  const out = new Uint8Array(json.byteLength);
  let length = 0;
  let inString = false;
  for (let at = 0; at < json.byteLength; at += 1) {
    const byte = json[at] as number;
    if (inString && byte === BACKSLASH) {
      out[length++] = byte;
      at += 1;
      out[length++] = json[at] as number;
      continue;
    }
    if (byte === QUOTE) inString = !inString;
    if (inString || !WHITE_SPACE.has(byte)) out[length++] = byte;
  }
  return out.subarray(0, length);
}
