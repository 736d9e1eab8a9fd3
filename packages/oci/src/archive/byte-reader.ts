import { notTar } from "./tar-header.ts";

/** Takes a stream of pieces apart at the places that a format wants. */
export interface ByteReader {
  /** Exactly so many bytes; `null` if the stream ends before the first. @throws {FloeError} FLOE_STORE_INVALID - it ends in between */
  take(count: number): Promise<Uint8Array | null>;
  /** So many bytes, piece by piece. @throws {FloeError} FLOE_STORE_INVALID - the stream ends before */
  pass(count: number): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Reads a stream without keeping more of it than one piece. */
export function createByteReader(source: AsyncIterator<Uint8Array>): ByteReader {
  let piece: Uint8Array = new Uint8Array();

  async function more(): Promise<boolean> {
    while (piece.byteLength === 0) {
      const next = await source.next();
      if (next.done === true) return false;
      piece = next.value;
    }
    return true;
  }

  async function* pass(count: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = count; left > 0; ) {
      if (!(await more())) throw notTar("it ends in the middle of a file");
      const part = piece.subarray(0, left);
      piece = piece.subarray(part.byteLength);
      left -= part.byteLength;
      yield part;
    }
  }

  return {
    pass,
    async take(count) {
      if (!(await more())) return null;
      const parts: Uint8Array[] = [];
      for await (const part of pass(count)) parts.push(part);
      return Buffer.concat(parts);
    },
  };
}
