import { keepVerified } from "./registry/verify-stream.ts";

/**
 * Tells of the bytes of a stream as they pass. What was checked stays checked: nobody hashes it again. Not a generator,
 * which would cost more for each piece than it does for the whole.
 */
export function countBytes(
  stream: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  const counted: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      const pieces = stream[Symbol.asyncIterator]();
      return {
        async next() {
          const piece = await pieces.next();
          if (piece.done !== true) onBytes(piece.value.byteLength);
          return piece;
        },
        async return() {
          await pieces.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
  return keepVerified(counted, stream);
}
