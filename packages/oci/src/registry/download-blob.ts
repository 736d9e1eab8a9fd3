import { FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { handOver } from "../give-back.ts";
import type { HttpAnswer } from "../transport/http-message.ts";
import { iterateBody } from "../transport/iterate-body.ts";
import { refuseEncoding } from "../transport/read-body.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import { verifyStream } from "./verify-stream.ts";

/** So often one blob's stream is taken up again, however far it came in between. */
const MAX_RESUMES = 20;

/**
 * Streams a blob, checked. A connection that breaks off is taken up again from there, while counting and hashing go
 * on, so that a resumed blob is checked as a whole.
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - other bytes, or another length, than the descriptor's
 */
export function downloadBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  options: CallOptions & { readonly fresh: boolean },
): AsyncIterable<Uint8Array> {
  return verifyStream(handOver(resumingStream(client, descriptor, options)), descriptor);
}

/** Not a generator: each one costs something for every piece that passes it. */
function resumingStream(
  client: RegistryClient,
  descriptor: Descriptor,
  options: CallOptions & { readonly fresh: boolean },
): AsyncIterable<Uint8Array> {
  const { signal, fresh } = options;
  let at = 0;
  let opened = 0;
  let pieces: AsyncIterator<Uint8Array, void> | null = null;

  async function attempt(): Promise<IteratorResult<Uint8Array, void>> {
    if (pieces === null) {
      opened += 1;
      pieces = await open(client, descriptor, { at, signal, fresh: fresh || opened > 1 });
    }
    try {
      return await pieces.next();
    } catch (error) {
      pieces = null;
      if (opened > MAX_RESUMES && isFloeError(error)) throw final(error);
      throw error;
    }
  }

  /** Tries the first time without the machinery of retries, which most pieces do not need. */
  async function next(): Promise<IteratorResult<Uint8Array, void>> {
    let piece: IteratorResult<Uint8Array, void>;
    try {
      piece = await attempt();
    } catch (error) {
      piece = await client.retry(signal, async (count) => {
        if (count === 1) throw error;
        return await attempt();
      });
    }
    if (piece.done !== true) at += piece.value.length;
    return piece;
  }

  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        await pieces?.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** Asks for a blob from a byte on. */
async function open(
  client: RegistryClient,
  descriptor: Descriptor,
  from: CallOptions & { readonly at: number; readonly fresh: boolean },
): Promise<AsyncIterator<Uint8Array, void>> {
  const { at, signal, fresh } = from;
  const answer = await client.open(
    {
      method: "GET",
      target: `blobs/${descriptor.digest}`,
      access: "pull",
      ...(at === 0 ? {} : { headers: { range: `bytes=${at}-` } }),
      accept: at === 0 ? [200] : [200, 206],
      fresh,
    },
    { signal },
  );
  refuseEncoding(answer);
  const begins = answer.status === 206 ? readStart(answer) : 0;
  checkLength(answer, descriptor, begins);
  // A registry without ranges sends it all again.
  const { idleMs, minBytesPerSecond } = client;
  const pieces = iterateBody(answer, { signal, idleMs, minBytesPerSecond });
  return at === begins ? pieces : skip(pieces, at - begins);

  function readStart({ headers, label, stream }: HttpAnswer): number {
    const start = /^bytes (\d{1,15})-\d+\//.exec(headers["content-range"] ?? "")?.[1];
    if (start !== undefined && Number(start) <= at) return Number(start);
    stream.destroy();
    throw new FloeError({
      code: "FLOE_REGISTRY_RESPONSE_INVALID",
      message: `${label}: the registry was asked for the bytes from ${at} on and sends others`,
    });
  }
}

/** Refuses a blob of another length before it is read. */
function checkLength(answer: HttpAnswer, { digest, size }: Descriptor, begins: number): void {
  const announced = answer.headers["content-length"];
  if (announced === undefined || begins + Number(announced) === size) return;
  answer.stream.destroy();
  throw new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `blob ${digest} has ${begins + Number(announced)} bytes at the registry, not ${size}`,
    hint: "The content was changed or damaged on its way, or where it is stored.",
  });
}

async function* skip(
  pieces: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = count;
  for await (const piece of pieces) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}

/** The same error, not to be tried again. */
function final(error: FloeError): FloeError {
  return new FloeError({
    code: error.code,
    message: `${error.message}; it broke off ${MAX_RESUMES} times`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: { ...error.details, retryable: false },
    cause: error,
  });
}
