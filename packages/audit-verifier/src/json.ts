// Everything in a bundle was written by somebody else. Members are read only where the object has them itself, so that
// `__proto__`, `constructor` and the like mean nothing.

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Reads a member that the value itself has; `undefined`: it has none, or is no object. */
export function own(value: unknown, name: string): unknown {
  return typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Reads a member that is a text; `null`: it is something else. */
export function ownText(value: unknown, name: string): string | null {
  const member = own(value, name);
  return typeof member === "string" ? member : null;
}

/** Says whether a value is a digest in the one form that floe writes. */
export function isDigest(value: unknown): value is string {
  return typeof value === "string" && DIGEST.test(value);
}

/** Says whether a value can be the number of an event. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Writes a value as RFC 8785 asks. @throws {TypeError} it has no such form */
function canonicalJson(value: unknown): string {
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("a lone surrogate");
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  const members = names.map((name) => `${canonicalJson(name)}:${canonicalJson(own(value, name))}`);
  return `{${members.join(",")}}`;
}

/** Reads JSON that has to be in canonical form, byte for byte; `undefined`: it is not. */
export function parseCanonical(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads any JSON; `undefined`: it is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Reads any JSON, with what is not UTF-8 replaced; `undefined`: it is none. For what nothing is concluded from but links. */
export function parseLossy(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Decodes base64 as bundles hold it, standard or URL-safe, padded or not, in the one spelling that encodes these bytes; `null`: it
 * is something else.
 */
export function decodeAnyBase64(value: unknown): Buffer | null {
  if (typeof value !== "string") return null;
  const encoding = /[-_]/.test(value) ? "base64url" : "base64";
  const bytes = Buffer.from(value, encoding);
  const unpadded = value.replace(/={1,2}$/, "");
  if (unpadded.length !== value.length && value.length % 4 !== 0) return null;
  return bytes.toString(encoding).replace(/=+$/, "") === unpadded ? bytes : null;
}

/** Decodes base64 in its one spelling; `null`: it is something else. */
export function decodeBase64(value: unknown): Buffer | null {
  if (typeof value !== "string") return null;
  const bytes = Buffer.from(value, "base64");
  return bytes.toString("base64") === value ? bytes : null;
}
