import { FloeError } from "@floe/core/errors";
import type { Descriptor, Digest } from "@floe/core/model";
import type { BlobSource, CallOptions } from "@floe/core/ports";
import type { RegistryClient, Send } from "./create-registry-client.ts";
import { SMALLEST_CHUNK, uploadChunks } from "./upload-chunks.ts";
import { isTooLarge, type UploadSession, type Uploads } from "./upload-session.ts";
import { verifyStream } from "./verify-stream.ts";

/** So often an upload is begun for one blob when the registry forgets it or wants smaller pieces. */
const MAX_BEGINNINGS = 4;

/** Blobs up to this size are sent with the request that begins the upload, where the registry takes that. */
const WHOLE_BYTES = 64 * 1024;

/** When and how blobs are uploaded in chunks. */
export interface UploadSettings {
  /** Larger blobs are sent in chunks, so that an upload that breaks off goes on where it was. Default 256 MiB. */
  readonly chunkedAboveBytes: number;
  /** Bytes of a chunk, held in memory. Default 4 MiB, the most that GHCR takes. */
  readonly chunkBytes: number;
}

/** The upload settings that apply where none are given. */
export const DEFAULT_UPLOADS: UploadSettings = {
  chunkedAboveBytes: 256 * 1024 * 1024,
  chunkBytes: 4 * 1024 * 1024,
};

/** Uploads blobs that the registry does not have. */
export interface BlobUploader {
  /**
   * `begun`: an upload that the registry began already, to be used first. `whole`: a small blob may be sent in one request.
   */
  upload(
    descriptor: Descriptor,
    source: BlobSource,
    begun: UploadSession | null,
    options: CallOptions & { readonly whole?: boolean },
  ): Promise<void>;
}

/** Makes the uploader of a repository. What a 413 taught holds for the blobs that follow. */
export function createBlobUploader(
  client: RegistryClient,
  uploads: Uploads,
  settings: UploadSettings,
  look: (send: Send, digest: Digest, options: CallOptions) => Promise<boolean>,
): BlobUploader {
  let { chunkedAboveBytes, chunkBytes } = settings;
  let takesWhole = true;

  /** Begins an upload, with the blob itself where that may be all that it takes. */
  async function begin(
    descriptor: Descriptor,
    source: BlobSource,
    { whole = false, signal }: CallOptions & { readonly whole?: boolean },
  ): Promise<"stored" | UploadSession> {
    if (whole && takesWhole && descriptor.size <= WHOLE_BYTES) {
      const pieces: Uint8Array[] = [];
      for await (const piece of verifyStream(source(), descriptor)) pieces.push(piece);
      const answer = await uploads.beginWhole(descriptor, Buffer.concat(pieces), { signal });
      if (answer === "stored") return answer;
      takesWhole = false;
      if (answer !== null) return answer;
    }
    return await uploads.begin({ signal });
  }

  /** Sends a blob in one piece. A session in the answer: it has to be sent in chunks, to there. */
  async function sendWhole(
    descriptor: Descriptor,
    source: BlobSource,
    begun: UploadSession | null,
    options: CallOptions & { readonly whole?: boolean },
  ): Promise<"stored" | "lost" | UploadSession> {
    const { size, digest } = descriptor;
    return await client.retry(options.signal, async (attempt) => {
      // A lost answer: the upload may be complete. Otherwise it starts from the beginning.
      if (attempt > 1 && (await look(client.attempt, digest, options))) return "stored";
      const session = (attempt === 1 ? begun : null) ?? (await begin(descriptor, source, options));
      if (session === "stored") return session;
      const least = session.minChunkBytes;
      if (size > chunkedAboveBytes || (least > 0 && size > least)) return session;
      try {
        const body = { size, open: () => verifyStream(source(), descriptor) };
        return (await uploads.finish(session, descriptor, body, options)) ? "stored" : "lost";
      } catch (error) {
        await uploads.cancel(session);
        // Small ones stay in one piece: what refuses them is no limit of sizes.
        if (!isTooLarge(error) || size < 2 * SMALLEST_CHUNK) throw error;
        chunkedAboveBytes = Math.min(chunkedAboveBytes, size - 1);
        chunkBytes = Math.min(chunkBytes, Math.ceil(size / 2));
        return "lost";
      }
    });
  }

  return {
    async upload(descriptor, source, begun, options) {
      for (let beginning = 1; beginning <= MAX_BEGINNINGS; beginning += 1) {
        const first = beginning === 1 ? begun : null;
        const answer = await sendWhole(descriptor, source, first, options);
        if (answer === "stored") return;
        if (answer === "lost") continue;
        const isThere = () => look(client.attempt, descriptor.digest, options);
        const upload = { descriptor, source, chunkBytes, isThere };
        if ((await uploadChunks(client, uploads, answer, upload, options)) === "stored") return;
      }
      throw new FloeError({
        code: "FLOE_REGISTRY_UNAVAILABLE",
        message: `${client.location.name}: the registry forgot the upload of ${descriptor.digest} ${MAX_BEGINNINGS} times`,
        hint: "Several registries that share no storage may stand behind one address.",
        details: { retryable: false },
      });
    },
  };
}
