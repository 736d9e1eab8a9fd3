import { createHash } from "node:crypto";
import { writeWhole } from "./write-whole.ts";

/** What was written. */
export interface WrittenLines {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/** Lines are gathered to so many characters before they are written. */
const ENOUGH = 1024 * 1024;

/**
 * Writes lines to a file, which is the old one or the new one whole; together they may be longer than a text can be.
 * @throws {FloeError} FLOE_OUTPUT_FAILED - it cannot be written
 */
export async function writeLines(path: string, lines: readonly string[]): Promise<WrittenLines> {
  const hash = createHash("sha256");
  let size = 0;
  function* counted(): Generator<Uint8Array> {
    for (const bytes of inPieces(lines)) {
      hash.update(bytes);
      size += bytes.byteLength;
      yield bytes;
    }
  }
  await writeWhole(path, counted());
  return { size, digest: `sha256:${hash.digest("hex")}` };
}

function* inPieces(lines: readonly string[]): Generator<Uint8Array> {
  let gathered: string[] = [];
  let length = 0;
  for (const line of lines) {
    gathered.push(`${line}\n`);
    length += line.length;
    if (length < ENOUGH) continue;
    yield Buffer.from(gathered.join(""));
    gathered = [];
    length = 0;
  }
  yield Buffer.from(gathered.join(""));
}
