import { giveBack, isHandedOver } from "../give-back.ts";

/** The piece of a stream that may have to be sent again: it slides forward as the other side takes bytes. */
export interface ChunkWindow {
  /** Fills the window from the source and gives what it holds; empty at the end of the source. */
  fill(): Promise<Uint8Array>;
  /** Lets go of the first `count` bytes. */
  drop(count: number): void;
  /** Closes the source. */
  close(): Promise<void>;
}

/** Makes a window of at most `capacity` bytes over a source. */
export function createChunkWindow(
  source: AsyncIterable<Uint8Array>,
  capacity: number,
): ChunkWindow {
  const pieces = source[Symbol.asyncIterator]();
  const owned = isHandedOver(source);
  const buffer = new Uint8Array(capacity);
  let filled = 0;
  let piece: Uint8Array = new Uint8Array();
  let rest = piece;
  let ended = false;
  return {
    async fill() {
      while (filled < capacity) {
        if (rest.length === 0) {
          if (ended) break;
          const next = await pieces.next();
          if (next.done === true) {
            ended = true;
            break;
          }
          piece = next.value;
          rest = piece;
        }
        const part = rest.subarray(0, capacity - filled);
        buffer.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
        if (owned && rest.length === 0) giveBack(piece);
      }
      return buffer.subarray(0, filled);
    },
    drop(count) {
      buffer.copyWithin(0, count, filled);
      filled -= count;
    },
    async close() {
      await pieces.return?.();
    },
  };
}
