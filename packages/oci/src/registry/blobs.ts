import { FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor, Digest } from "@floe/core/model";
import type { ArtifactStore, BlobSource, CallOptions } from "@floe/core/ports";
import type { RegistryClient, Send } from "./create-registry-client.ts";
import { downloadBlob } from "./download-blob.ts";
import { sourceRepository } from "./registry-location.ts";
import { createBlobUploader, type UploadSettings } from "./upload-blob.ts";
import { createUploads, type UploadSession } from "./upload-session.ts";

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** Blobs that are known to be there, such as the empty config; beyond that they are asked for again. */
const MAX_KNOWN = 10_000;
/** Uploads that a refused mount began and that wait for their blob. */
const MAX_WAITING = 16;

/** Reads and writes blobs. */
export type Blobs = Pick<ArtifactStore, "hasBlob" | "getBlob" | "openBlob" | "putBlob"> &
  Required<Pick<ArtifactStore, "mountBlob">> & {
    /** Cancels the uploads that refused mounts began and nobody used. */
    readonly cancelUnused: () => Promise<void>;
  };

/** Makes the blob requests of a repository. */
export function createBlobs(client: RegistryClient, settings: UploadSettings): Blobs {
  const uploads = createUploads(client);
  const uploader = createBlobUploader(client, uploads, settings, look);
  const known = new Set<Digest>();
  const waiting = new Map<Digest, UploadSession>();

  function remember(digest: Digest): void {
    if (known.size < MAX_KNOWN) known.add(digest);
  }

  async function look(send: Send, digest: Digest, options: CallOptions): Promise<boolean> {
    const target = `blobs/${digest}`;
    const answer = await send(
      { method: "HEAD", target, access: "pull", accept: [200, 404] },
      options,
    );
    if (answer.status === 200) remember(digest);
    return answer.status === 200;
  }

  async function readWhole(
    descriptor: Descriptor,
    options: CallOptions & { readonly fresh: boolean },
  ): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of downloadBlob(client, descriptor, options)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  return {
    hasBlob: (digest, options) => look(client.request, digest, options),

    async getBlob(descriptor, { signal, maxBytes = DEFAULT_MAX_BYTES }) {
      if (descriptor.size > maxBytes) {
        throw new FloeError({
          code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
          message: `blob ${descriptor.digest} has ${descriptor.size} bytes; floe reads at most ${maxBytes} here`,
        });
      }
      try {
        return await readWhole(descriptor, { signal, fresh: false });
      } catch (error) {
        if (!isFloeError(error, "FLOE_DIGEST_MISMATCH")) throw error;
        return await readWhole(descriptor, { signal, fresh: true });
      }
    },

    openBlob: (descriptor, { signal }) =>
      downloadBlob(client, descriptor, { signal, fresh: false }),

    async mountBlob({ digest }, from, { signal }) {
      const repository = sourceRepository(client.location, from);
      if (repository === null) return false;
      if (known.has(digest)) return true;
      if (repository === client.location.repository) {
        return await look(client.request, digest, { signal });
      }
      try {
        const answer = await uploads.mount(digest, repository, { signal });
        if (answer === "mounted") {
          remember(digest);
          return true;
        }
        if (waiting.size < MAX_WAITING) waiting.set(digest, answer);
        else await uploads.cancel(answer);
        return false;
      } catch (error) {
        // A token for the source is often not to be had. The upload that follows says what is really wrong.
        if (signal.aborted || !isFloeError(error)) throw error;
        return false;
      }
    },

    async cancelUnused() {
      const unused = [...waiting.values()];
      waiting.clear();
      await Promise.all(unused.map((session) => uploads.cancel(session)));
    },

    async putBlob(descriptor, source, { signal, absent = false }) {
      const { digest } = descriptor;
      const begun = waiting.get(digest) ?? null;
      waiting.delete(digest);
      if (known.has(digest)) return;
      const asks = begun === null && !absent;
      if (asks && (await look(client.request, digest, { signal }))) return;
      const open: BlobSource =
        source instanceof Uint8Array
          ? async function* whole() {
              yield source;
            }
          : source;
      await uploader.upload(descriptor, open, begun, { signal, whole: absent });
      remember(digest);
    },
  };
}
