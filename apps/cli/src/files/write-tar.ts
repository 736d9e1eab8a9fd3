import {
  BLOCK_BYTES,
  encodeTarHeader,
  fitsHeader,
  fitsSize,
  type TarHeader,
} from "./tar-header.ts";

/** What is put into an archive. */
export interface TarInput extends Omit<TarHeader, "mode"> {
  readonly mode: number;
  /** Gives exactly `size` bytes. Absent for what has no content. */
  readonly content?: () => AsyncIterable<Uint8Array>;
}

/** Makes a tar archive, piece by piece. The same entries in the same order give the same bytes. */
export async function* writeTar(
  entries: Iterable<TarInput>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { content, ...header } of entries) {
    const extended = paxRecords(header);
    if (extended.byteLength > 0) {
      const { byteLength: size } = extended;
      yield encodeTarHeader({
        name: "PaxHeaders/entry",
        size,
        mode: 0o644,
        type: "x",
        linkName: "",
      });
      yield padded(extended);
    }
    yield encodeTarHeader({
      ...header,
      name: fitsHeader(header.name) ? header.name : "entry",
      linkName: fitsHeader(header.linkName) ? header.linkName : "entry",
    });
    if (content === undefined) continue;
    let written = 0;
    for await (const part of content()) {
      written += part.byteLength;
      yield part;
    }
    if (written !== header.size) throw new RangeError(`${header.name}: content of another size`);
    const rest = (BLOCK_BYTES - (written % BLOCK_BYTES)) % BLOCK_BYTES;
    if (rest > 0) yield new Uint8Array(rest);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

/** What a header cannot hold (POSIX.1-2017, "pax Extended Header"). */
function paxRecords({ name, linkName, size }: Omit<TarHeader, "mode">): Uint8Array {
  const records = [
    ...(fitsHeader(name) ? [] : [paxRecord("path", name)]),
    ...(fitsHeader(linkName) ? [] : [paxRecord("linkpath", linkName)]),
    ...(fitsSize(size) ? [] : [paxRecord("size", String(size))]),
  ];
  return Buffer.from(records.join(""));
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let whole = bytes + String(bytes).length;
  whole = bytes + String(whole).length;
  return `${whole}${rest}`;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / BLOCK_BYTES) * BLOCK_BYTES);
  whole.set(bytes);
  return whole;
}
