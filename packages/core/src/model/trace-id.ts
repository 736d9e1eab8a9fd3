/** Makes a W3C trace id: 32 lower-case hexadecimal digits, not all zero. */
export function randomTraceId(source: { randomBytes(count: number): Uint8Array }): string {
  return Buffer.from(source.randomBytes(16)).toString("hex");
}
