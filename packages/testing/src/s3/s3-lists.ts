import { element, type S3Answer, type S3Request, s3Error, s3Xml } from "./s3-answer.ts";
import type { S3Context } from "./s3-objects.ts";
import { byBytes, currentOf, keysOf } from "./s3-state.ts";

const MOST_KEYS = 1000;

/** Answers a request for the bucket itself: lists and settings. */
export function answerBucket({ method, query }: S3Request, context: S3Context): S3Answer {
  const { settings } = context;
  if (method !== "GET") return s3Error(405, "MethodNotAllowed");
  if (query.has("versioning"))
    return s3Xml(
      "VersioningConfiguration",
      settings.versioning || settings.objectLock !== null ? element("Status", "Enabled") : "",
    );
  if (query.has("object-lock")) {
    const { objectLock } = settings;
    if (objectLock === null) return s3Error(404, "ObjectLockConfigurationNotFoundError");
    const rule =
      objectLock.mode === null
        ? ""
        : `<Rule><DefaultRetention>${element("Mode", objectLock.mode)}${element("Days", objectLock.days)}</DefaultRetention></Rule>`;
    return s3Xml("ObjectLockConfiguration", element("ObjectLockEnabled", "Enabled") + rule);
  }
  if (query.has("versions")) return listVersions(query, context);
  if (query.get("list-type") === "2") return listObjects(query, context);
  return s3Error(501, "NotImplemented");
}

function listObjects(query: URLSearchParams, { bucket }: S3Context): S3Answer {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const after = query.get("continuation-token") ?? query.get("start-after") ?? "";
  const most = Math.min(MOST_KEYS, Number(query.get("max-keys") ?? MOST_KEYS));
  const shown: { readonly name: string; readonly xml: string }[] = [];
  let more = false;
  for (const key of keysOf(bucket, prefix)) {
    const version = currentOf(bucket, key);
    if (!version?.bytes) continue;
    const cut = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + 1);
    if (byBytes(name, after) <= 0 || shown.at(-1)?.name === name) continue;
    more = shown.length === most;
    if (more) break;
    const content =
      element("Key", key) +
      element("LastModified", version.modifiedAt.toISOString()) +
      element("ETag", version.etag) +
      element("Size", version.bytes.byteLength);
    shown.push({
      name,
      xml:
        cut < 0
          ? `<Contents>${content}</Contents>`
          : `<CommonPrefixes>${element("Prefix", name)}</CommonPrefixes>`,
    });
  }
  return s3Xml(
    "ListBucketResult",
    element("Prefix", prefix) +
      element("KeyCount", shown.length) +
      element("IsTruncated", more) +
      element("NextContinuationToken", more ? shown.at(-1)?.name : undefined) +
      shown.map(({ xml }) => xml).join(""),
  );
}

function listVersions(query: URLSearchParams, { bucket }: S3Context): S3Answer {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("key-marker") ?? "";
  const most = Math.min(MOST_KEYS, Number(query.get("max-keys") ?? MOST_KEYS));
  const keys = keysOf(bucket, prefix).filter((key) => byBytes(key, after) > 0);
  let count = 0;
  let last: string | undefined;
  const parts: string[] = [];
  for (const key of keys) {
    const versions = bucket.get(key) ?? [];
    // Whole keys, so that a page ends between them.
    if (count > 0 && count + versions.length > most) break;
    for (const [index, { id, bytes, modifiedAt, etag }] of versions.entries()) {
      const about =
        element("Key", key) +
        element("VersionId", id ?? "null") +
        element("IsLatest", index === 0) +
        element("LastModified", modifiedAt.toISOString());
      parts.push(
        bytes === null
          ? `<DeleteMarker>${about}</DeleteMarker>`
          : `<Version>${about}${element("ETag", etag)}${element("Size", bytes.byteLength)}</Version>`,
      );
    }
    count += versions.length;
    last = key;
  }
  const more = last !== undefined && last !== keys.at(-1);
  return s3Xml(
    "ListVersionsResult",
    element("Prefix", prefix) +
      element("IsTruncated", more) +
      element("NextKeyMarker", more ? last : undefined) +
      parts.join(""),
  );
}
