import { isDigest, isTag } from "@floe/core/model";
import { answer, type Decision, errorAnswer, type RegistryRequest, reply } from "./answer.ts";
import { locationOf, openRepository, type RegistryContext } from "./registry-context.ts";
import type { ImmutableAnswer } from "./registry-options.ts";
import {
  digestLike,
  findManifest,
  missingParts,
  type RepositoryState,
  readManifestJson,
  type StoredManifest,
} from "./repository-state.ts";

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Handles `/v2/<name>/manifests/<reference>` (distribution-spec end-2, end-7, end-9). */
export function handleManifest(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  reference: string,
): Decision {
  if (!isTag(reference) && !isDigest(reference)) {
    return reply(errorAnswer(400, "MANIFEST_INVALID", "the reference is neither tag nor digest"));
  }
  switch (request.method) {
    case "GET":
    case "HEAD":
      return readManifest(context, request, name, reference);
    case "PUT":
      return putManifest(context, request, name, reference);
    case "DELETE":
      return deleteManifest(context, name, reference);
    default:
      return reply(errorAnswer(405, "UNSUPPORTED", "method not allowed"));
  }
}

function headersOf(stored: StoredManifest): Record<string, string> {
  return {
    "content-type": stored.mediaType,
    "content-length": String(stored.bytes.length),
    "docker-content-digest": stored.digest,
  };
}

function readManifest(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  reference: string,
): Decision {
  const state = context.repositories.get(name);
  const stored = state === undefined ? null : findForReading(context, state, reference);
  const accept = String(request.headers["accept"] ?? "");
  if (
    stored === null ||
    (context.settings().requireAccept && !accept.includes(stored.mediaType) && accept !== "*/*")
  ) {
    return reply(errorAnswer(404, "MANIFEST_UNKNOWN", "manifest unknown"));
  }
  return reply(
    answer(200, headersOf(stored), request.method === "GET" ? stored.bytes : new Uint8Array()),
  );
}

function findForReading(
  context: RegistryContext,
  state: RepositoryState,
  reference: string,
): StoredManifest | null {
  const { selfResolvingTags } = context.settings();
  const found = findManifest(state, reference);
  if (selfResolvingTags === "never" || !/^sha\d+-/.test(reference)) return found;
  const itself = findManifest(state, reference.replace("-", ":"));
  return selfResolvingTags === "always" ? (itself ?? found) : (found ?? itself);
}

function putManifest(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  reference: string,
): Decision {
  const settings = context.settings();
  const mediaType = String(request.headers["content-type"] ?? "");
  const digest = digestLike(request.body, reference);
  const json = readManifestJson(request.body);
  if (request.body.length > MAX_MANIFEST_BYTES) {
    return reply(errorAnswer(413, "SIZE_INVALID", "the manifest is larger than 4 MiB"));
  }
  if (mediaType === "" || json === null) {
    return reply(errorAnswer(400, "MANIFEST_INVALID", "not a manifest"));
  }
  if (settings.validateManifests) {
    if (
      json.schemaVersion !== 2 ||
      (json.mediaType !== undefined && json.mediaType !== mediaType)
    ) {
      return reply(errorAnswer(400, "MANIFEST_INVALID", "schemaVersion or mediaType is wrong"));
    }
    if (isDigest(reference) && reference !== digest) {
      return reply(errorAnswer(400, "DIGEST_INVALID", "the body does not have this digest"));
    }
    const missing = missingParts(openRepository(context, name), json);
    if (missing.length > 0) {
      return reply(errorAnswer(400, "MANIFEST_BLOB_UNKNOWN", `missing ${missing.join(", ")}`));
    }
  }
  const refusal = immutableRefusal(context, name, reference, digest);
  if (refusal !== null) return refusal;
  return {
    kind: "write",
    apply: () => {
      const state = openRepository(context, name);
      const stored = { digest, mediaType, bytes: Uint8Array.from(request.body) };
      state.manifests.set(isDigest(reference) ? reference : digest, stored);
      if (!isDigest(reference)) state.tags.set(reference, digest);
      const subject = json.subject?.digest;
      const announce = settings.subjectHeader ?? settings.referrers;
      return answer(201, {
        location: locationOf(context, `/v2/${name}/manifests/${digest}`),
        "docker-content-digest": digest,
        ...(announce && typeof subject === "string" ? { "oci-subject": subject } : {}),
      });
    },
  };
}

function deleteManifest(context: RegistryContext, name: string, reference: string): Decision {
  const { manifestDeletion, tagDeletion } = context.settings();
  if (isDigest(reference) && !manifestDeletion) {
    return reply(errorAnswer(405, "UNSUPPORTED", "The operation is unsupported."));
  }
  if (!isDigest(reference) && !tagDeletion) {
    return reply(errorAnswer(400, "DIGEST_INVALID", "provided digest did not match"));
  }
  const state = context.repositories.get(name);
  if (state === undefined || findManifest(state, reference) === null) {
    return reply(errorAnswer(404, "MANIFEST_UNKNOWN", "manifest unknown"));
  }
  const held = [...state.tags].filter(([, digest]) => digest === reference).map(([tag]) => tag);
  for (const tag of isDigest(reference) ? held : [reference]) {
    const refusal = immutableRefusal(context, name, tag, null);
    if (refusal !== null) return refusal;
  }
  return {
    kind: "write",
    apply: () => {
      if (isDigest(reference)) {
        state.manifests.delete(reference);
        for (const [tag, digest] of state.tags) if (digest === reference) state.tags.delete(tag);
      } else {
        state.tags.delete(reference);
      }
      return answer(202);
    },
  };
}

function immutableRefusal(
  context: RegistryContext,
  name: string,
  tag: string,
  digest: string | null,
): Decision | null {
  const { immutableTags, immutableRefusesSame, immutableAnswer } = context.settings();
  const current = context.repositories.get(name)?.tags.get(tag);
  const immutable = immutableTags instanceof RegExp ? immutableTags.test(tag) : immutableTags;
  if (current === undefined || !immutable) return null;
  if (current === digest && !immutableRefusesSame) return null;
  return reply(immutableAnswerOf(immutableAnswer, name, tag));
}

function immutableAnswerOf(kind: ImmutableAnswer, name: string, tag: string) {
  switch (kind) {
    case "ecr":
      return errorAnswer(
        400,
        "TAG_INVALID",
        `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`,
      );
    case "harbor":
      return errorAnswer(
        412,
        "PRECONDITION",
        `Failed to process request due to '${name}:${tag}' configured as immutable.`,
      );
    case "docker-hub":
      return errorAnswer(403, "DENIED", `requested tag ${tag} is immutable`);
    case "acr":
      return errorAnswer(405, "UNSUPPORTED", "The operation is unsupported: the tag is locked.");
    case "acr-denied":
      return errorAnswer(409, "DENIED", "The operation is disallowed on this tag: it is locked.");
    case "artifact-registry":
      return errorAnswer(
        400,
        "FAILED_PRECONDITION",
        `cannot update tag ${tag}. The repository has enabled tag immutability`,
      );
    case "quay":
      return errorAnswer(409, "TAG_IMMUTABLE", `the tag ${tag} is immutable`);
    case "gitlab":
      return errorAnswer(403, "DENIED", "Insufficient permissions to push to a protected tag");
    case "artifactory":
      return errorAnswer(403, "DENIED", "Not enough permissions to overwrite artifact");
  }
}
