/**
 * Makes a UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits.
 * `random` gives at least 10 bytes.
 */
export function uuidV7(now: Date, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let time = now.getTime();
  for (let index = 5; index >= 0; index--) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
