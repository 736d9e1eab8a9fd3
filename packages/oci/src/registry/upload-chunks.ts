import { FloeError } from "@floe/core/errors";
import type { Descriptor } from "@floe/core/model";
import type { BlobSource, CallOptions } from "@floe/core/ports";
import { createChunkWindow } from "./chunk-window.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import type { ChunkOutcome, UploadSession, Uploads } from "./upload-session.ts";
import { verifyStream } from "./verify-stream.ts";

/** Smaller chunks than this are not tried: what refuses them refuses for another reason. */
export const SMALLEST_CHUNK = 64 * 1024;
/** So often in a row a registry may take nothing of a chunk that it answers well. */
const MAX_IDLE_ANSWERS = 3;

const NOTHING = new Uint8Array();

/** One upload in chunks. */
export interface ChunkedUpload {
  readonly descriptor: Descriptor;
  readonly source: BlobSource;
  /** Bytes of a chunk, unless the registry wants larger ones; it is also what is held in memory. */
  readonly chunkBytes: number;
  /** Says whether the blob is there by now, after an answer that was lost. */
  readonly isThere: (options: CallOptions) => Promise<boolean>;
}

/**
 * Uploads a blob piece by piece and goes on where the registry says that it is (distribution-spec, "Pushing a blob in
 * chunks"). The last piece leaves only when size and digest are right. `lost`: the upload has to begin anew.
 */
export async function uploadChunks(
  client: RegistryClient,
  uploads: Uploads,
  begun: UploadSession,
  upload: ChunkedUpload,
  options: CallOptions,
): Promise<"stored" | "lost"> {
  const { descriptor, chunkBytes } = upload;
  const least = begun.minChunkBytes;
  let session = begun;
  let sendBytes = Math.max(chunkBytes, least);
  const window = createChunkWindow(verifyStream(upload.source(), descriptor), sendBytes);

  /** Sends a chunk, or finds out that it arrived although its answer was lost. */
  async function send(start: number, bytes: Uint8Array): Promise<ChunkOutcome> {
    const end = start + bytes.length;
    return await client.retry(options.signal, async (attempt) => {
      if (attempt > 1) {
        const now = await uploads.status(session, end, options);
        if (now === null) return { kind: "gone" };
        session = now;
        if (now.received !== start) return { kind: "answered", session: now };
      }
      return await uploads.sendChunk(session, { start, bytes }, options);
    });
  }

  try {
    let start = 0;
    let idle = 0;
    for (;;) {
      const held = await window.fill();
      if (held.length === 0) break;
      const bytes = held.subarray(0, sendBytes);
      const outcome = await send(start, bytes);
      if (outcome.kind === "gone") return "lost";
      session = outcome.session;
      // Where nothing is said, a good answer took everything and a refusal nothing.
      const silent = outcome.kind === "answered" ? start + bytes.length : start;
      const taken = (session.received ?? silent) - start;
      // What was let go of cannot be sent again, and what was not sent cannot be there.
      if (taken < 0 || taken > held.length) return await giveUp();
      if (taken > 0) {
        window.drop(taken);
        start += taken;
        idle = 0;
        continue;
      }
      if (outcome.kind === "refused") {
        // GHCR says 416 of a chunk that is too long, proxies 413.
        sendBytes = Math.floor(bytes.length / 2);
        if (sendBytes < Math.max(least, SMALLEST_CHUNK)) throw outcome.error ?? refused(bytes);
      } else {
        idle += 1;
        if (idle === MAX_IDLE_ANSWERS) throw refused(bytes);
      }
    }
    if (await finish()) return "stored";
    return "lost";
  } catch (error) {
    await uploads.cancel(session);
    throw error;
  } finally {
    await window.close();
  }

  async function finish(): Promise<boolean> {
    return await client.retry(options.signal, async (attempt) => {
      if (attempt > 1) {
        if (await upload.isThere(options)) return true;
        const now = await uploads.status(session, descriptor.size, options);
        if (now === null || (now.received ?? descriptor.size) !== descriptor.size) return false;
        session = now;
      }
      return await uploads.finish(session, descriptor, NOTHING, options);
    });
  }

  async function giveUp(): Promise<"lost"> {
    await uploads.cancel(session);
    return "lost";
  }

  function refused(bytes: Uint8Array): FloeError {
    return new FloeError({
      code: "FLOE_REGISTRY_REFUSED",
      message: `${client.location.name}: the registry takes no chunk of ${bytes.length} bytes of the blob ${descriptor.digest}`,
      hint: "The registry or a proxy before it limits the size of uploads; raise that limit.",
      details: { retryable: false },
    });
  }
}
