import { createHash } from "node:crypto";
import { FloeError } from "@floe/core/errors";
import type { Descriptor } from "@floe/core/model";
import { handOver, isHandedOver } from "../give-back.ts";

/** Which digest a stream was made to be held against. */
const verified = new WeakMap<AsyncIterable<Uint8Array>, Descriptor>();

/**
 * Says that one stream has exactly the bytes of another one, in the same order: what was checked there is not hashed
 * again here, and what was handed over is. For those who count or show what passes.
 */
export function keepVerified<Stream extends AsyncIterable<Uint8Array>>(
  stream: Stream,
  of: AsyncIterable<Uint8Array>,
): Stream {
  const descriptor = verified.get(of);
  if (descriptor !== undefined) verified.set(stream, descriptor);
  if (isHandedOver(of)) handOver(stream);
  return stream;
}

/**
 * Gives a source whose last piece comes only when size and digest are right: the source itself where it is one of those
 * already, by this descriptor, else {@link checkStream}'s.
 */
export function verifyStream(
  source: AsyncIterable<Uint8Array>,
  descriptor: Descriptor,
): AsyncIterable<Uint8Array> {
  const by = verified.get(source);
  if (by?.digest === descriptor.digest && by.size === descriptor.size) return source;
  const stream = checkStream(source, descriptor);
  verified.set(stream, descriptor);
  if (isHandedOver(source)) handOver(stream);
  return stream;
}

/**
 * Passes bytes on while it counts and hashes them. The last piece is held back until size and digest are right, so
 * that whoever writes them elsewhere never completes a wrong blob.
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - too many bytes (at once), too few, or others
 */
async function* checkStream(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
): AsyncGenerator<Uint8Array, void, undefined> {
  const algorithm = digest.slice(0, digest.indexOf(":"));
  const hash = createHash(algorithm);
  let count = 0;
  let last: Uint8Array | null = null;
  for await (const chunk of source) {
    // An empty piece must not push the last bytes out before they were judged.
    if (chunk.length === 0) continue;
    count += chunk.length;
    if (count > size) throw mismatch(`${digest} is longer than ${size} bytes`);
    hash.update(chunk);
    if (last !== null) yield last;
    last = chunk;
  }
  if (count !== size) throw mismatch(`${digest} has ${count} bytes, not ${size}`);
  const found = `${algorithm}:${hash.digest("hex")}`;
  if (found !== digest) throw mismatch(`expected ${digest}, the bytes have ${found}`);
  if (last !== null) yield last;
}

function mismatch(message: string): FloeError {
  return new FloeError({
    code: "FLOE_DIGEST_MISMATCH",
    message: `blob ${message}`,
    hint: "The content was changed or damaged on its way, or where it is stored.",
  });
}
