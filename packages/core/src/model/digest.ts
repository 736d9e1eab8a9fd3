import { createHash } from "node:crypto";
import { FloeError } from "../errors/index.ts";

declare const brand: unique symbol;

/** A content digest, `sha256:<64 hex>` or `sha512:<128 hex>`, lower case (OCI image-spec, "Digests"). */
export type Digest = string & { readonly [brand]: "Digest" };

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Says whether a string is a digest in the only form that floe accepts. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && DIGEST.test(value) && !value.endsWith("\n");
}

/**
 * Parses a digest.
 * @throws {FloeError} FLOE_DIGEST_INVALID - upper case, short, unknown algorithm
 */
export function parseDigest(value: string): Digest {
  if (!isDigest(value)) {
    throw new FloeError({
      code: "FLOE_DIGEST_INVALID",
      message: `${JSON.stringify(value.slice(0, 200))} is not a digest`,
      hint: "A digest is sha256: followed by 64 lower-case hexadecimal digits.",
    });
  }
  return value;
}

/** Computes the SHA-256 digest of bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}

/** Says whether bytes have the given digest, with the algorithm that the digest names. */
export function hasDigest(bytes: Uint8Array, digest: Digest): boolean {
  const algorithm = digest.slice(0, digest.indexOf(":"));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` === digest;
}

/** The hexadecimal part of a digest, as in-toto subjects hold it. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** A digest as in-toto statements write it: `{ "sha256": "<hex>" }` (in-toto Attestation Framework, "DigestSet"). */
export function inTotoDigest(digest: Digest): Readonly<Record<string, string>> {
  return { [digest.slice(0, digest.indexOf(":"))]: digestHex(digest) };
}

/** Says whether an in-toto digest set names exactly this digest. */
export function isInTotoDigest(set: unknown, digest: Digest): boolean {
  const [algorithm = "", hex] = digest.split(":");
  return (
    typeof set === "object" &&
    set !== null &&
    Object.hasOwn(set, algorithm) &&
    (set as Record<string, unknown>)[algorithm] === hex
  );
}

/** The first twelve hexadecimal digits with the algorithm, for tables: `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(":");
  return digest.slice(0, colon + 13);
}
