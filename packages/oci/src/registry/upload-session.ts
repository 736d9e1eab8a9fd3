import { FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor, Digest } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import type { Access } from "../auth/scopes.ts";
import type { HttpBody } from "../transport/http-message.ts";
import type { RegistryAnswer, RegistryClient } from "./create-registry-client.ts";

/** So long a cancelled upload's DELETE may take: nobody waits for more than tidiness. */
const CANCEL_MS = 2000;
/** A registry that wants larger chunks than this is not obliged: they are held in memory. */
const LARGEST_MIN_CHUNK = 64 * 1024 * 1024;

/** An upload that the registry has begun. A value: every answer makes another one. */
export interface UploadSession {
  /** Where the next request goes; it changes with every answer. */
  readonly location: URL;
  /** Bytes that the registry has taken, by its last answer; `null`: it does not say. */
  readonly received: number | null;
  /** `OCI-Chunk-Min-Length`, in bytes; 0 when the registry asks for nothing. */
  readonly minChunkBytes: number;
}

/** What a registry made of a piece of an upload. */
export type ChunkOutcome =
  | { readonly kind: "answered"; readonly session: UploadSession }
  /** 413, or 416 without the bytes having been in the wrong place. `error` is the registry's own, where it has words. */
  | { readonly kind: "refused"; readonly session: UploadSession; readonly error: FloeError | null }
  /** The registry knows nothing of the upload any more. */
  | { readonly kind: "gone" };

/** The upload requests of a repository (distribution-spec, "Pushing blobs"). Nothing here is repeated. */
export interface Uploads {
  begin(options: CallOptions): Promise<UploadSession>;
  /**
   * Sends a whole blob with the request that begins its upload (distribution-spec, "Single POST"). A registry that does not
   * take that begins an upload instead; `null`: it does not understand it.
   */
  beginWhole(
    blob: Descriptor,
    bytes: Uint8Array,
    options: CallOptions,
  ): Promise<"stored" | UploadSession | null>;
  /** Asks for a blob of another repository; a registry that does not have it begins an upload instead. */
  mount(
    digest: Digest,
    repository: string,
    options: CallOptions,
  ): Promise<"mounted" | UploadSession>;
  /** Asks how far an upload is; `null`: it is gone, or the registry does not tell. */
  status(session: UploadSession, sent: number, options: CallOptions): Promise<UploadSession | null>;
  /** Sends the bytes from `start` on. */
  sendChunk(
    session: UploadSession,
    chunk: { readonly start: number; readonly bytes: Uint8Array },
    options: CallOptions,
  ): Promise<ChunkOutcome>;
  /** Sends the last of the bytes, or all, and the digest. `false`: the upload is gone or in disorder. */
  finish(
    session: UploadSession,
    blob: Descriptor,
    body: HttpBody,
    options: CallOptions,
  ): Promise<boolean>;
  /** Tells the registry that an upload will not be finished. Best effort: it never fails and ends within two seconds. */
  cancel(session: UploadSession): Promise<void>;
}

/** Makes the upload requests of a repository. */
export function createUploads(client: RegistryClient): Uploads {
  async function post(target: string, access: Access, options: CallOptions) {
    const request = { method: "POST", target, access, accept: [201, 202] } as const;
    return await client.attempt(request, options);
  }

  /** Reads where an upload stands. `sent`: what it comes to if the registry took everything so far. */
  function read(answer: RegistryAnswer, before: UploadSession | null, sent: number): UploadSession {
    const given = answer.headers["location"];
    if (given === undefined && before === null) {
      throw new FloeError({
        code: "FLOE_REGISTRY_RESPONSE_INVALID",
        message: `${answer.label}: the registry began an upload and gave no Location for it`,
      });
    }
    const least = answer.headers["oci-chunk-min-length"] ?? "";
    return {
      // An upload location is a redirect: on another host it gets no credentials.
      location:
        given === undefined && before !== null
          ? before.location
          : client.resolveTarget(given ?? "", answer.url, "upload location"),
      received: readReceived(answer.headers["range"], sent),
      minChunkBytes: /^\d{1,12}$/.test(least)
        ? Math.min(Number(least), LARGEST_MIN_CHUNK)
        : (before?.minChunkBytes ?? 0),
    };
  }

  async function cancel({ location }: UploadSession): Promise<void> {
    // Elsewhere it is a signed address for the bytes alone.
    if (location.origin !== client.location.origin.origin) return;
    try {
      await client.attempt(
        {
          method: "DELETE",
          target: location,
          access: "push",
          accept: [200, 202, 204, 400, 404, 405],
        },
        // The caller's own signal has often ended by now.
        { signal: AbortSignal.timeout(CANCEL_MS) },
      );
    } catch {
      // Registries throw uploads away by themselves after a while.
    }
  }

  return {
    async begin(options) {
      const answer = await post("blobs/uploads/", "push", options);
      return read(answer, null, 0);
    },

    async beginWhole({ digest }, bytes, options) {
      const answer = await client.attempt(
        {
          method: "POST",
          target: `blobs/uploads/?digest=${digest}`,
          access: "push",
          headers: { "content-type": "application/octet-stream" },
          body: bytes,
          accept: [201, 202, 400, 405, 411, 415, 501],
        },
        options,
      );
      if (answer.status === 201) return "stored";
      if (answer.status !== 202) return null;
      const session = read(answer, null, 0);
      if ((session.received ?? 0) === 0) return session;
      // It has kept the bytes without storing the blob: what is sent now would be added to them.
      await cancel(session);
      return null;
    },

    async mount(digest, repository, options) {
      const target = `blobs/uploads/?mount=${digest}&from=${encodeURIComponent(repository)}`;
      const answer = await post(target, { mountFrom: repository }, options);
      return answer.status === 201 ? "mounted" : read(answer, null, 0);
    },

    async status(session, sent, options) {
      const accept = [200, 202, 204, 400, 404, 405];
      const answer = await client.attempt(
        { method: "GET", target: session.location, access: "push", accept },
        options,
      );
      return answer.status >= 400 ? null : read(answer, session, sent);
    },

    async sendChunk(session, { start, bytes }, options) {
      const end = start + bytes.length;
      try {
        const answer = await client.attempt(
          {
            method: "PATCH",
            target: session.location,
            access: "push",
            headers: {
              "content-type": "application/octet-stream",
              "content-range": `${start}-${end - 1}`,
            },
            body: bytes,
            accept: [200, 201, 202, 204, 404, 416],
          },
          options,
        );
        if (answer.status === 404) return { kind: "gone" };
        const next = read(answer, session, end);
        return answer.status === 416
          ? { kind: "refused", session: next, error: null }
          : { kind: "answered", session: next };
      } catch (error) {
        if (!isTooLarge(error)) throw error;
        return { kind: "refused", session, error };
      }
    },

    async finish(session, { digest }, body, options) {
      const target = new URL(session.location);
      // By hand: URLSearchParams would write the rest of the query anew, and registries sign it.
      target.search = `${target.search === "" ? "?" : `${target.search}&`}digest=${digest}`;
      const answer = await client.attempt(
        {
          method: "PUT",
          target,
          access: "push",
          headers: { "content-type": "application/octet-stream" },
          body,
          accept: [200, 201, 204, 404, 416],
        },
        options,
      );
      return answer.status < 400;
    },

    cancel,
  };
}

/** Says whether an error is the registry's, or a proxy's, 413. */
export function isTooLarge(error: unknown): error is FloeError {
  return isFloeError(error) && error.details?.["status"] === 413;
}

/** Reads `Range: 0-<last>` of an upload. `0-0` is said of one byte and of none. */
function readReceived(header: string | undefined, sent: number): number | null {
  const last = /^(?:bytes[ =])?0-(\d{1,15})$/.exec(header?.trim() ?? "")?.[1];
  if (last === undefined) return null;
  return last === "0" && sent !== 1 ? 0 : Number(last) + 1;
}
