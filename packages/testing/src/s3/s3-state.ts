import { createHash, randomBytes } from "node:crypto";

/** One version of an object, or the mark of a deletion. */
export interface S3Version {
  /** `null` where the bucket kept no versions. */
  readonly id: string | null;
  /** `null`: the key was deleted. */
  readonly bytes: Uint8Array | null;
  readonly etag: string;
  readonly sha256: string | null;
  readonly modifiedAt: Date;
  retention: { readonly mode: string; readonly until: Date } | null;
}

/** Keys to versions, the newest first. */
export type S3Bucket = Map<string, S3Version[]>;

/** Makes a version of some bytes. */
export function versionOf(
  bytes: Uint8Array | null,
  given: {
    readonly versioning: boolean;
    readonly modifiedAt: Date;
    readonly sha256?: string | null;
    readonly retention?: S3Version["retention"];
  },
): S3Version {
  return {
    id: given.versioning ? randomBytes(16).toString("base64url") : null,
    bytes,
    etag: `"${createHash("md5")
      .update(bytes ?? "")
      .digest("hex")}"`,
    sha256: given.sha256 ?? null,
    modifiedAt: given.modifiedAt,
    retention: given.retention ?? null,
  };
}

/** Adds a version: above the others, or in the place of what is there. */
export function putVersion(bucket: S3Bucket, key: string, version: S3Version): void {
  const there = bucket.get(key) ?? [];
  bucket.set(key, version.id === null ? [version] : [version, ...there]);
}

/** What a key holds now; `null`: nothing, or it was deleted. */
export function currentOf(bucket: S3Bucket, key: string): S3Version | null {
  const [newest] = bucket.get(key) ?? [];
  return newest && newest.bytes !== null ? newest : null;
}

/** Keys in S3's order, which is that of their UTF-8 bytes. */
export function keysOf(bucket: S3Bucket, prefix: string): string[] {
  return [...bucket.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
}

/** Compares keys as S3 does. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A copy that later changes do not touch. */
export function copyBucket(bucket: S3Bucket): S3Bucket {
  return new Map([...bucket].map(([key, versions]) => [key, versions.map((one) => ({ ...one }))]));
}
