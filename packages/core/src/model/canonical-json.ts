/**
 * Serialises a value as RFC 8785 (JSON Canonicalization Scheme): sorted keys by UTF-16 code units, ECMAScript
 * number format, no white space. `undefined` members are left out.
 * @throws {TypeError} a number that JSON cannot hold, a lone surrogate, or a value that is not JSON
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("canonical JSON has no NaN or Infinity");
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError("canonical JSON has no lone surrogates");
    return JSON.stringify(value);
  }
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    // The default comparison of strings is by UTF-16 code units, which RFC 8785 section 3.2.3 asks for.
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`).join(",")}}`;
  }
  throw new TypeError(`canonical JSON has no ${typeof value}`);
}

/**
 * Parses bytes that must be canonical JSON, byte for byte. Duplicate keys, white space, other number forms, a byte
 * order mark and invalid UTF-8 are all refused by the same comparison.
 * @throws {SyntaxError} not JSON, or not in canonical form
 */
export function parseCanonicalJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  if (canonicalJson(value) !== text)
    throw new SyntaxError("JSON is not in canonical form (RFC 8785)");
  return value;
}
