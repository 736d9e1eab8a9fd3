import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type S3Answer, type S3Request, s3Error } from "./s3-answer.ts";
import type { S3Settings } from "./s3-settings.ts";
import { currentOf, putVersion, type S3Bucket, type S3Version, versionOf } from "./s3-state.ts";

/** What is stored, and the rules that hold at this moment. */
export interface S3Context {
  readonly bucket: S3Bucket;
  readonly settings: S3Settings;
  readonly now: Date;
}

/** How long a racy server waits between looking and writing, in milliseconds. */
const RACE_MS = 5;

/** Answers a request for an object. */
export async function answerObject(
  request: S3Request,
  context: () => S3Context,
): Promise<S3Answer> {
  switch (request.method) {
    case "PUT":
      return await put(request, context);
    case "GET":
    case "HEAD":
      return read(request, context());
    case "DELETE":
      return remove(request, context());
    default:
      return s3Error(405, "MethodNotAllowed");
  }
}

async function put(request: S3Request, context: () => S3Context): Promise<S3Answer> {
  const { key, headers, body } = request;
  const { settings } = context();
  const isNew = headers["if-none-match"] === "*";
  const sha256 = headers["x-amz-checksum-sha256"];
  if (sha256 !== undefined && createHash("sha256").update(body).digest("base64") !== sha256)
    return s3Error(400, "BadDigest", "The SHA256 you specified did not match what we received.");
  if (headers["content-encoding"] === "aws-chunked")
    return s3Error(501, "NotImplemented", "Chunked bodies are not known here");
  const mode = headers["x-amz-object-lock-mode"];
  if (mode !== undefined && settings.objectLock === null)
    return s3Error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration");
  if (settings.objectLock !== null && sha256 === undefined && headers["content-md5"] === undefined)
    return s3Error(
      400,
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  if (isNew && settings.conditions !== "ignored") {
    if (currentOf(context().bucket, key)) return s3Error(412, "PreconditionFailed");
    if (settings.conditions === "racy") await sleep(RACE_MS);
  }
  const { bucket, now } = context();
  const version = versionOf(body, {
    versioning: settings.versioning || settings.objectLock !== null,
    modifiedAt: now,
    sha256: typeof sha256 === "string" ? sha256 : null,
    retention: retentionOf(request, settings, now),
  });
  putVersion(bucket, key, version);
  return { status: 200, headers: headersOf(version) };
}

function retentionOf(
  { headers }: S3Request,
  { objectLock }: S3Settings,
  now: Date,
): S3Version["retention"] {
  if (objectLock === null) return null;
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  if (typeof mode === "string" && typeof until === "string")
    return { mode, until: new Date(until) };
  if (objectLock.mode === null) return null;
  const milliseconds = objectLock.days * 24 * 3600 * 1000;
  return { mode: objectLock.mode, until: new Date(now.getTime() + milliseconds) };
}

function read({ method, key, query }: S3Request, { bucket }: S3Context): S3Answer {
  const id = query.get("versionId");
  const found =
    id === null
      ? currentOf(bucket, key)
      : (bucket.get(key)?.find((version) => (version.id ?? "null") === id) ?? null);
  if (!found?.bytes) return s3Error(404, id === null ? "NoSuchKey" : "NoSuchVersion");
  const headers = {
    ...headersOf(found),
    "content-length": String(found.bytes.byteLength),
    "content-type": "application/octet-stream",
  };
  return { status: 200, headers, ...(method === "HEAD" ? {} : { body: found.bytes }) };
}

function remove({ key, query, headers }: S3Request, context: S3Context): S3Answer {
  const { bucket, settings, now } = context;
  const versions = bucket.get(key) ?? [];
  const id = query.get("versionId");
  if (id === null) {
    if (settings.versioning || settings.objectLock !== null)
      putVersion(bucket, key, versionOf(null, { versioning: true, modifiedAt: now }));
    else bucket.delete(key);
    return { status: 204 };
  }
  const version = versions.find((one) => (one.id ?? "null") === id);
  const held = version?.retention;
  const bypass =
    held?.mode === "GOVERNANCE" && headers["x-amz-bypass-governance-retention"] === "true";
  if (held && held.until > now && !bypass) return s3Error(403, "AccessDenied", "Object is locked");
  const left = versions.filter((one) => one !== version);
  if (left.length === 0) bucket.delete(key);
  else bucket.set(key, left);
  return { status: 204 };
}

function headersOf(version: S3Version): Record<string, string> {
  const { etag, sha256, modifiedAt, id, retention } = version;
  return {
    etag,
    "last-modified": modifiedAt.toUTCString(),
    ...(sha256 === null ? {} : { "x-amz-checksum-sha256": sha256 }),
    ...(id === null ? {} : { "x-amz-version-id": id }),
    ...(retention === null
      ? {}
      : {
          "x-amz-object-lock-mode": retention.mode,
          "x-amz-object-lock-retain-until-date": retention.until.toISOString(),
        }),
  };
}
