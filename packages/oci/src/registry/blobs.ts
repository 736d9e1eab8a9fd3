import { FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor, Digest } from "@floe/core/model";
import type { ArtifactStore, BlobSource, CallOptions } from "@floe/core/ports";
import type { HttpAnswer } from "../transport/http-message.ts";
import { iterateBody, refuseEncoding } from "../transport/read-body.ts";
import type { RegistryClient, Send } from "./create-registry-client.ts";
import { verifyStream } from "./verify-stream.ts";

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;
/** Blobs that are known to be there, such as the empty config; beyond that they are asked for again. */
const MAX_KNOWN = 10_000;

/** Reads and writes blobs. */
export type Blobs = Pick<ArtifactStore, "hasBlob" | "getBlob" | "openBlob" | "putBlob">;

/** Makes the blob requests of a repository. */
export function createBlobs(client: RegistryClient): Blobs {
  const known = new Set<Digest>();
  const remember = (digest: Digest) => {
    if (known.size < MAX_KNOWN) known.add(digest);
  };

  async function look(send: Send, digest: Digest, options: CallOptions): Promise<boolean> {
    const target = `blobs/${digest}`;
    const answer = await send(
      { method: "HEAD", target, access: "pull", accept: [200, 404] },
      options,
    );
    if (answer.status === 200) remember(digest);
    return answer.status === 200;
  }

  async function start(
    descriptor: Descriptor,
    options: CallOptions,
    fresh: boolean,
  ): Promise<HttpAnswer> {
    const target = `blobs/${descriptor.digest}`;
    const answer = await client.open(
      { method: "GET", target, access: "pull", accept: [200], fresh },
      options,
    );
    refuseEncoding(answer);
    return answer;
  }

  async function* stream(
    descriptor: Descriptor,
    options: CallOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    // What was handed out cannot be taken back: only the start is repeated.
    const answer = await client.retry(options.signal, () => start(descriptor, options, false));
    yield* read(answer, descriptor, options);
  }

  function read(answer: HttpAnswer, descriptor: Descriptor, { signal }: CallOptions) {
    return verifyStream(iterateBody(answer, { signal, idleMs: client.idleMs }), descriptor);
  }

  async function readWhole(
    descriptor: Descriptor,
    options: CallOptions,
    fresh: boolean,
  ): Promise<Uint8Array> {
    return await client.retry(options.signal, async () => {
      const chunks: Uint8Array[] = [];
      const answer = await start(descriptor, options, fresh);
      for await (const chunk of read(answer, descriptor, options)) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
  }

  async function upload(
    descriptor: Descriptor,
    source: BlobSource,
    options: CallOptions,
  ): Promise<void> {
    const started = await client.attempt(
      { method: "POST", target: "blobs/uploads/", access: "push", accept: [202] },
      options,
    );
    const given = started.headers["location"];
    if (given === undefined) {
      throw new FloeError({
        code: "FLOE_REGISTRY_RESPONSE_INVALID",
        message: `${started.label}: the registry started an upload and did not say where`,
      });
    }
    // An upload location is a redirect: on another host it gets no credentials.
    const target = client.resolveTarget(given, started.url, "upload location");
    // By hand: URLSearchParams would write the rest of the query anew, and registries sign it.
    target.search = `${target.search === "" ? "?" : `${target.search}&`}digest=${descriptor.digest}`;
    await client.attempt(
      {
        method: "PUT",
        target,
        access: "push",
        headers: { "content-type": "application/octet-stream" },
        body: { size: descriptor.size, open: () => verifyStream(source(), descriptor) },
        accept: [201, 200, 204],
      },
      options,
    );
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
        return await readWhole(descriptor, { signal }, false);
      } catch (error) {
        if (!isFloeError(error, "FLOE_DIGEST_MISMATCH")) throw error;
        return await readWhole(descriptor, { signal }, true);
      }
    },

    openBlob: (descriptor, options) => stream(descriptor, options),

    async putBlob(descriptor, source, { signal }) {
      const { digest } = descriptor;
      if (known.has(digest) || (await look(client.request, digest, { signal }))) return;
      const open: BlobSource =
        source instanceof Uint8Array
          ? async function* whole() {
              yield source;
            }
          : source;
      await client.retry(signal, async (attempt) => {
        // A lost answer: the upload may be complete. Otherwise it starts from the beginning.
        if (attempt > 1 && (await look(client.attempt, digest, { signal }))) return;
        await upload(descriptor, open, { signal });
      });
      remember(digest);
    },
  };
}
