import { ReportProblem } from "./report-problem.ts";

/** Bytes of a report that are read unless a gate sets another limit: 64 MiB. */
export const MAX_REPORT_BYTES = 64 * 1024 * 1024;

const BYTE_ORDER_MARKS: readonly (readonly [mark: string, encoding: string])[] = [
  ["efbbbf", "utf-8"],
  ["fffe", "utf-16le"],
  ["feff", "utf-16be"],
];

/** A tool may print a NUL or two; a row of them is a part of the file that was never written. */
const HOLE = "\0".repeat(8);

/** How a report is decoded. */
export interface DecodeOptions {
  /** The most bytes that are read. Default {@link MAX_REPORT_BYTES}. */
  readonly maxBytes?: number;
  /** The encoding of a report without a byte order mark. Default UTF-8, also where half of its bytes are zero. */
  readonly encoding?: string;
  /** Bytes that are no text are refused. Default: they become U+FFFD. */
  readonly fatal?: boolean;
}

/**
 * Decodes a report: UTF-8, UTF-16 with a byte order mark or where every other byte at the start is zero, or the
 * encoding that is given. A byte order mark is taken away.
 *
 * @throws {ReportProblem} for one that is empty, too large, has a hole in it, an encoding that is not known, or with
 * `fatal` bytes that are no text.
 */
export function decodeText(path: string, bytes: Uint8Array, options: DecodeOptions = {}): string {
  const text = decodeBy(decoderOf(path, bytes, options), path, bytes);
  if (text.trim().length === 0) throw new ReportProblem(path, undefined, "the report is empty");
  const hole = text.indexOf(HOLE);
  if (hole !== -1) {
    throw new ReportProblem(
      path,
      lineAt(text, hole),
      "a run of NUL characters stands there: the file is damaged",
    );
  }
  return text;
}

/** Bytes that {@link decodeParts} decodes at a time. */
const PART_BYTES = 256 * 1024;

/**
 * Decodes a report as {@link decodeText} does, in parts, for readers that do not need all of its text at once. Characters
 * are whole in every part, except for surrogate pairs of reports that are not in UTF-8.
 *
 * @throws {ReportProblem} as {@link decodeText}, when the part is reached.
 */
export function* decodeParts(
  path: string,
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Generator<string, void, undefined> {
  const { encoding } = decoderOf(path, bytes, options);
  // Others are rare, and some of them are not known by their bytes alone.
  if (encoding !== "utf-8") return yield* slicesOf(decodeText(path, bytes, options));
  let isBlank = true;
  let before = "";
  for (let at = 0, end: number; at < bytes.byteLength; at = end) {
    end = characterBefore(bytes, at + PART_BYTES, at);
    // Only what stands at the start is a byte order mark.
    const decoder = new TextDecoder(encoding, { ignoreBOM: at > 0, fatal: options.fatal === true });
    const part = decodeBy(decoder, path, bytes.subarray(at, end));
    // Says in which line.
    if (part.includes(HOLE) || `${before}${part.slice(0, HOLE.length)}`.includes(HOLE))
      decodeText(path, bytes, options);
    before = part.slice(-HOLE.length);
    isBlank &&= part.trim().length === 0;
    yield part;
  }
  if (isBlank) throw new ReportProblem(path, undefined, "the report is empty");
}

function* slicesOf(text: string): Generator<string, void, undefined> {
  for (let at = 0; at < text.length; at += PART_BYTES) yield text.slice(at, at + PART_BYTES);
}

/** Where the character begins in which a byte of UTF-8 stands; after `start` in any case. */
function characterBefore(bytes: Uint8Array, at: number, start: number): number {
  if (at >= bytes.byteLength) return bytes.byteLength;
  for (let back = 0; back < 4 && at - back > start; back += 1)
    if (((bytes[at - back] ?? 0) & 0xc0) !== 0x80) return at - back;
  return at;
}

/** Characters of {@link textStart}. */
const START_BYTES = 4096;

/** The beginning of a report without the blanks before it, to know its format by; never throws. */
export function textStart(bytes: Uint8Array): string {
  const start = bytes.subarray(0, START_BYTES);
  return new TextDecoder(encodingOf(start) ?? "utf-8").decode(start).trimStart();
}

/** The line, from 1, in which a character of a text stands. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

function decoderOf(
  path: string,
  bytes: Uint8Array,
  options: DecodeOptions,
): InstanceType<typeof TextDecoder> {
  const { maxBytes = MAX_REPORT_BYTES } = options;
  if (bytes.byteLength > maxBytes) {
    throw new ReportProblem(
      path,
      undefined,
      `it has ${bytes.byteLength} bytes, the limit is ${maxBytes}: write less output into it, or several files`,
    );
  }
  const encoding = encodingOf(bytes) ?? options.encoding ?? "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: options.fatal === true });
  } catch (cause) {
    throw new ReportProblem(path, 1, `its encoding ${encoding} is not known`, cause);
  }
}

function decodeBy(
  decoder: InstanceType<typeof TextDecoder>,
  path: string,
  bytes: Uint8Array,
): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ReportProblem(path, undefined, `it is not text in ${decoder.encoding}`);
  }
}

/** What the first bytes say. */
function encodingOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("hex");
  const marked = BYTE_ORDER_MARKS.find(([mark]) => start.startsWith(mark))?.[1];
  return marked ?? unmarkedUtf16(bytes);
}

/** Reports begin with ASCII: one zero beside the first character tells the order of the bytes. */
function unmarkedUtf16([first = 0, second = 0, third = 0, fourth = 0]: Uint8Array):
  | string
  | undefined {
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return "utf-16le";
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return "utf-16be";
  return undefined;
}
