import { createHash } from "node:crypto";
import { FloeError, isFloeError } from "@floe/core/errors";
import {
  type Descriptor,
  type Digest,
  digestOf,
  isDigest,
  isTag,
  MEDIA_TYPES,
  type RawManifest,
} from "@floe/core/model";
import type { ArtifactStore, CallOptions, ManifestInput } from "@floe/core/ports";
import type {
  RegistryAnswer,
  RegistryClient,
  RegistryRequest,
  Send,
} from "./create-registry-client.ts";
import { readManifestJson } from "./manifest-json.ts";
import { refuseDeletion } from "./refuse-deletion.ts";

const ACCEPT = [
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerIndex,
].join(", ");
/** Types that say nothing; some proxies give them to everything. */
const VAGUE_TYPES = new Set(["", "application/json", "application/octet-stream", "text/plain"]);

/** What a manifest's PUT came to. */
interface PutAnswer {
  readonly descriptor: Descriptor;
  /** `OCI-Subject`: the registry took note of the subject. */
  readonly subject: string | null;
}

/** Reads and writes manifests by tag or digest. */
export interface Manifests {
  /** HEAD; falls back to GET where a registry's HEAD says too little. */
  readonly resolve: ArtifactStore["resolve"];
  /** As `resolve`, without repeating. */
  readonly resolveOnce: ArtifactStore["resolve"];
  readonly get: ArtifactStore["getManifest"];
  /** Puts once, without repeating. */
  putOnce(reference: string, manifest: ManifestInput, options: CallOptions): Promise<PutAnswer>;
  /** Puts under the digest, repeated where it can help: the same bytes twice are the same. */
  putByDigest(manifest: ManifestInput, options: CallOptions): Promise<PutAnswer>;
  readonly delete: Required<ArtifactStore>["deleteManifest"];
}

/** Makes the manifest requests of a repository. */
export function createManifests(client: RegistryClient): Manifests {
  const read = (method: "GET" | "HEAD", reference: string, fresh = false): RegistryRequest => ({
    method,
    target: `manifests/${checkReference(reference)}`,
    access: "pull",
    headers: { accept: ACCEPT },
    accept: [200, 404],
    fresh,
  });

  async function resolveWith(
    send: Send,
    reference: string,
    options: CallOptions,
  ): Promise<Descriptor | null> {
    const answer = await send(read("HEAD", reference), options);
    if (answer.status === 404) return null;
    const descriptor = describeHead(answer, reference);
    if (descriptor !== null) return descriptor;
    const whole = await send(read("GET", reference), options);
    return whole.status === 404 ? null : readAnswer(whole, reference).descriptor;
  }

  async function putOnce(
    reference: string,
    manifest: ManifestInput,
    options: CallOptions,
  ): Promise<PutAnswer> {
    const descriptor = describeManifest(manifest);
    const answer = await client.attempt(
      {
        method: "PUT",
        target: `manifests/${checkReference(reference)}`,
        access: "push",
        headers: { "content-type": manifest.mediaType },
        body: manifest.bytes,
        accept: [200, 201, 202],
      },
      options,
    );
    const stored = answer.headers["docker-content-digest"];
    if (isDigest(stored) && isSameAlgorithm(stored, descriptor.digest)) {
      if (stored !== descriptor.digest) throw mismatch(answer.label, descriptor.digest, stored);
    }
    return { descriptor, subject: answer.headers["oci-subject"] ?? null };
  }

  return {
    resolve: (reference, options) => resolveWith(client.request, reference, options),
    resolveOnce: (reference, options) => resolveWith(client.attempt, reference, options),

    async get(reference, options) {
      for (const fresh of [false, true]) {
        const answer = await client.request(read("GET", reference, fresh), options);
        if (answer.status === 404) return null;
        try {
          return readAnswer(answer, reference);
        } catch (error) {
          // Once more over another connection, in case that one was at fault; then it is the registry.
          if (fresh || !isFloeError(error, "FLOE_DIGEST_MISMATCH")) throw error;
        }
      }
      return null;
    },

    putOnce,
    putByDigest: (manifest, options) =>
      client.retry(options.signal, () => putOnce(digestOf(manifest.bytes), manifest, options)),

    delete: (digest, options) =>
      client.retry(options.signal, async (attempt) => {
        const target = `manifests/${checkReference(digest)}`;
        const accept = [200, 202, 204, 404];
        try {
          const answer = await client.attempt(
            { method: "DELETE", target, access: "delete", accept },
            options,
          );
          // An answer that was lost: it was there when it was first asked for.
          return answer.status !== 404 || attempt > 1;
        } catch (error) {
          throw refuseDeletion(`the manifest ${digest}`, error);
        }
      }),
  };
}

/** The descriptor of a manifest that is to be written. */
export function describeManifest({ bytes, mediaType }: ManifestInput): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function checkReference(reference: string): string {
  if (isTag(reference) || isDigest(reference)) return reference;
  throw new FloeError({
    code: "FLOE_TAG_INVALID",
    message: `${JSON.stringify(reference.slice(0, 200))} is neither a tag nor a digest`,
  });
}

/** `null` when the headers do not tell all that is needed. */
function describeHead(answer: RegistryAnswer, reference: string): Descriptor | null {
  const claimed = answer.headers["docker-content-digest"];
  const length = answer.headers["content-length"];
  const mediaType = typeOf(answer);
  if (!/^\d{1,15}$/.test(length ?? "") || VAGUE_TYPES.has(mediaType)) return null;
  const size = Number(length);
  if (isDigest(reference)) {
    const lies = isDigest(claimed) && isSameAlgorithm(claimed, reference) && claimed !== reference;
    if (lies) throw mismatch(answer.label, reference, claimed);
    return { mediaType, digest: reference, size };
  }
  return isDigest(claimed) ? { mediaType, digest: claimed, size } : null;
}

function readAnswer(answer: RegistryAnswer, reference: string): RawManifest {
  const { body: bytes, label } = answer;
  const claimed = answer.headers["docker-content-digest"];
  if (claimed !== undefined && !isDigest(claimed)) {
    throw invalid(label, `Docker-Content-Digest is ${answer.quote(claimed)}`);
  }
  const digest = digestLike(bytes, isDigest(reference) ? reference : claimed);
  // Asked by digest, the digest that was asked for is all that counts; the header is only a claim.
  const expected = isDigest(reference) ? reference : claimed;
  if (expected !== undefined && expected !== digest) throw mismatch(label, expected, digest);
  return { descriptor: { mediaType: checkType(answer), digest, size: bytes.length }, bytes };
}

/** The media type of a manifest, which must not mean two things to two readers (CVE-2021-41190). */
function checkType(answer: RegistryAnswer): string {
  const sent = typeOf(answer);
  const json = readManifestJson(answer.body);
  if (json === null) throw invalid(answer.label, "the manifest is not a JSON object in UTF-8");
  if (json.hasLayers && json.manifests !== null) {
    throw invalid(answer.label, "the manifest has both layers and manifests");
  }
  if (json.mediaType === null) return sent;
  if (!VAGUE_TYPES.has(sent) && sent !== json.mediaType) {
    throw invalid(
      answer.label,
      `the manifest says ${answer.quote(json.mediaType)} and is sent as ${answer.quote(sent)}`,
    );
  }
  return json.mediaType;
}

function typeOf(answer: RegistryAnswer): string {
  return (answer.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
}

function digestLike(bytes: Uint8Array, like: Digest | undefined): Digest {
  if (like?.startsWith("sha512:") !== true) return digestOf(bytes);
  return `sha512:${createHash("sha512").update(bytes).digest("hex")}` as Digest;
}

function isSameAlgorithm(a: Digest, b: Digest): boolean {
  return a.slice(0, a.indexOf(":")) === b.slice(0, b.indexOf(":"));
}

function mismatch(label: string, expected: string, got: string): FloeError {
  return new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `${label}: expected ${expected}, the registry has ${got}`,
    hint: "The registry, or something before it, changes content. Do not use it until that is explained.",
  });
}

function invalid(label: string, reason: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${label}: ${reason}`,
  });
}
