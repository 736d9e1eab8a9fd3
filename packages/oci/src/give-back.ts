/** Streams whose pieces belong to whoever takes them: nobody else looks at one again. */
const handedOver = new WeakSet<AsyncIterable<Uint8Array>>();

/** Says that a stream keeps nothing of its pieces, once it has given them away. */
export function handOver<Stream extends AsyncIterable<Uint8Array>>(stream: Stream): Stream {
  handedOver.add(stream);
  return stream;
}

/** Says whether the pieces of a stream may be given back. */
export function isHandedOver(stream: AsyncIterable<Uint8Array>): boolean {
  return handedOver.has(stream);
}

/**
 * Frees the memory of a piece at once, and the piece is empty then: only for the pieces of streams that are handed over, and
 * when nothing reads them any more. Left to the collector, which sees how small their objects are and not what they hold, tens
 * of MiB would wait for it.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // A part of something larger may not be all that is in use of it.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
