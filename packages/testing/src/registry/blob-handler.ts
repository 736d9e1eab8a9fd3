import { randomUUID } from "node:crypto";
import { isDigest } from "@floe/core/model";
import {
  type Answer,
  answer,
  type Decision,
  errorAnswer,
  type RegistryRequest,
  reply,
} from "./answer.ts";
import { locationOf, openRepository, type RegistryContext } from "./registry-context.ts";
import { digestLike, type RepositoryState, type UploadSession } from "./repository-state.ts";

/** Handles `/v2/<name>/blobs/<digest>` (distribution-spec end-2, end-10). */
export function handleBlob(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  digest: string,
): Decision {
  const state = context.repositories.get(name);
  const bytes = state?.blobs.get(digest);
  if (state === undefined || bytes === undefined) {
    return reply(errorAnswer(404, "BLOB_UNKNOWN", "blob unknown"));
  }
  switch (request.method) {
    case "GET":
    case "HEAD":
      return reply(readBlob(context, request, digest, bytes));
    case "DELETE":
      return {
        kind: "write",
        apply: () => {
          state.blobs.delete(digest);
          return answer(202);
        },
      };
    default:
      return reply(errorAnswer(405, "UNSUPPORTED", "method not allowed"));
  }
}

function readBlob(
  context: RegistryContext,
  request: RegistryRequest,
  digest: string,
  bytes: Uint8Array,
): Answer {
  const asked = /^bytes=(\d+)-$/.exec(String(request.headers["range"] ?? ""))?.[1];
  const from = context.settings().blobRanges && asked !== undefined ? Number(asked) : null;
  if (from !== null && from >= bytes.length) {
    return errorAnswer(416, "BLOB_UNKNOWN", "the range is outside of the blob");
  }
  const part = bytes.subarray(from ?? 0);
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(part.length),
    "docker-content-digest": digest,
    ...(from === null
      ? {}
      : { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  };
  return answer(from === null ? 200 : 206, headers, request.method === "GET" ? part : "");
}

/** Handles `POST /v2/<name>/blobs/uploads/` (distribution-spec end-4, end-11). */
export function handleUploadStart(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
): Decision {
  if (request.method !== "POST") {
    return reply(errorAnswer(405, "UNSUPPORTED", "method not allowed"));
  }
  const whole = request.query.get("digest");
  if (whole !== null && context.settings().singlePost)
    return storeBlob(context, name, whole, request.body);
  const mounted = request.query.get("mount");
  const source = context.repositories.get(request.query.get("from") ?? "");
  const bytes =
    mounted === null || !context.settings().mounts ? undefined : source?.blobs.get(mounted);
  if (mounted !== null && bytes !== undefined) {
    return storeBlob(context, name, mounted, bytes);
  }
  const id = randomUUID();
  const session: UploadSession = { chunks: [], size: 0, state: 0, isShort: false };
  openRepository(context, name).uploads.set(id, session);
  const { chunkMinBytes } = context.settings();
  const least = chunkMinBytes === null ? {} : { "oci-chunk-min-length": String(chunkMinBytes) };
  return reply(answer(202, { ...sessionHeaders(context, name, id, session), ...least }));
}

/** Handles `/v2/<name>/blobs/uploads/<id>` (distribution-spec end-5, end-6, end-13). */
export function handleUpload(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  id: string,
): Decision {
  const state = context.repositories.get(name);
  const session = state?.uploads.get(id);
  if (state === undefined || session === undefined) {
    return reply(errorAnswer(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown"));
  }
  const settings = context.settings();
  if (request.method === "GET") {
    if (!settings.uploadStatus) return reply(errorAnswer(400, "METHOD_UNKNOWN", "unknown method"));
    return reply(answer(204, sessionHeaders(context, name, id, session)));
  }
  if (request.method === "DELETE") {
    state.uploads.delete(id);
    return reply(answer(204));
  }
  if (request.query.get("_state") !== String(session.state)) {
    return reply(errorAnswer(400, "BLOB_UPLOAD_INVALID", "not the Location of the last answer"));
  }
  if (settings.uploadLimitBytes !== null && request.body.length > settings.uploadLimitBytes) {
    return reply(answer(413, { "content-type": "text/html" }, "<html>too large</html>"));
  }
  const start = rangeStart(request);
  if (start !== null && start !== session.size) {
    return reply(answer(416, sessionHeaders(context, name, id, session)));
  }
  if (request.method === "PATCH") {
    const { chunkLimitBytes, chunkMinBytes, chunkTakesBytes } = settings;
    const refused =
      (chunkLimitBytes !== null && request.body.length > chunkLimitBytes) ||
      (chunkMinBytes !== null && session.isShort);
    if (refused) return reply(answer(416, sessionHeaders(context, name, id, session)));
    session.isShort = chunkMinBytes !== null && request.body.length < chunkMinBytes;
    const taken = Uint8Array.from(request.body.subarray(0, chunkTakesBytes ?? undefined));
    session.chunks.push(taken);
    session.size += taken.length;
    session.state += 1;
    return reply(answer(settings.chunkStatus, sessionHeaders(context, name, id, session)));
  }
  if (request.method !== "PUT") {
    return reply(errorAnswer(405, "UNSUPPORTED", "method not allowed"));
  }
  return finishUpload(context, request, { state, session, name, id });
}

function finishUpload(
  context: RegistryContext,
  request: RegistryRequest,
  upload: { state: RepositoryState; session: UploadSession; name: string; id: string },
): Decision {
  const digest = request.query.get("digest") ?? "";
  const bytes = Buffer.concat([...upload.session.chunks, request.body]);
  const decision = storeBlob(context, upload.name, digest, bytes);
  if (decision.kind === "answer") {
    upload.state.uploads.delete(upload.id);
    return decision;
  }
  return {
    kind: "write",
    apply: () => {
      upload.state.uploads.delete(upload.id);
      return decision.apply();
    },
  };
}

function storeBlob(
  context: RegistryContext,
  name: string,
  digest: string,
  bytes: Uint8Array,
): Decision {
  if (!isDigest(digest) || digestLike(bytes, digest) !== digest) {
    return reply(errorAnswer(400, "DIGEST_INVALID", "the body does not have this digest"));
  }
  return {
    kind: "write",
    apply: () => {
      openRepository(context, name).blobs.set(digest, Uint8Array.from(bytes));
      return answer(201, {
        location: locationOf(context, `/v2/${name}/blobs/${digest}`),
        "docker-content-digest": digest,
      });
    },
  };
}

function rangeStart(request: RegistryRequest): number | null {
  const range = /^(?:bytes )?(\d+)-\d+/.exec(String(request.headers["content-range"] ?? ""));
  return range?.[1] === undefined ? null : Number(range[1]);
}

function sessionHeaders(
  context: RegistryContext,
  name: string,
  id: string,
  session: UploadSession,
): Record<string, string> {
  return {
    location: locationOf(context, `/v2/${name}/blobs/uploads/${id}?_state=${session.state}`),
    range: `0-${Math.max(0, session.size - 1)}`,
    "docker-upload-uuid": id,
  };
}
