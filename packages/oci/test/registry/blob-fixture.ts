import { type Descriptor, digestOf } from "@floe/core/model";

/** The descriptor of bytes as a blob. */
export function blob(bytes: Uint8Array): Descriptor {
  return { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.length };
}

/** Bytes that are the same in every run and differ from one place to the next. */
export function patterned(size: number): Uint8Array {
  return new Uint8Array(size).map((_, at) => (at * 7 + (at >> 8)) % 251);
}

/** Bytes in pieces. */
export async function* pieces(of: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < of.length; at += size) yield of.subarray(at, at + size);
}

/** All that a stream gives. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
