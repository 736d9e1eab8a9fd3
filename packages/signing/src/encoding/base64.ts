/**
 * Decodes standard or URL-safe base64 strictly: only the one spelling that encodes these bytes is accepted (padding
 * may be missing), where Node's own decoder skips over anything that is not base64. `null` for all else.
 */
export function decodeBase64(value: unknown): Uint8Array | null {
  if (typeof value !== "string") return null;
  const encoding = /[-_]/.test(value) ? "base64url" : "base64";
  const bytes = Buffer.from(value, encoding);
  const unpadded = value.replace(/={1,2}$/, "");
  if (unpadded.length !== value.length && value.length % 4 !== 0) return null;
  return bytes.toString(encoding).replace(/=+$/, "") === unpadded ? bytes : null;
}
