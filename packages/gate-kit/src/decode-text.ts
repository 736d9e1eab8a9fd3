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
}

/**
 * Decodes a report: UTF-8, UTF-16 with a byte order mark or where every other byte at the start is zero, or the
 * encoding that is given. Bytes that are no text become U+FFFD; a byte order mark is taken away.
 *
 * @throws {ReportProblem} for one that is empty, too large, has a hole in it, or an encoding that is not known.
 */
export function decodeText(path: string, bytes: Uint8Array, options: DecodeOptions = {}): string {
  const { maxBytes = MAX_REPORT_BYTES } = options;
  if (bytes.byteLength > maxBytes) {
    throw new ReportProblem(
      path,
      undefined,
      `it has ${bytes.byteLength} bytes, the limit is ${maxBytes}: write less output into it, or several files`,
    );
  }
  const text = decode(path, bytes, options.encoding ?? "utf-8");
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

/** The line, from 1, in which a character of a text stands. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
  }
  return line;
}

function decode(path: string, bytes: Uint8Array, fallback: string): string {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("hex");
  const marked = BYTE_ORDER_MARKS.find(([mark]) => start.startsWith(mark))?.[1];
  const encoding = marked ?? unmarkedUtf16(bytes) ?? fallback;
  try {
    return new TextDecoder(encoding).decode(bytes);
  } catch (cause) {
    throw new ReportProblem(path, 1, `its encoding ${encoding} is not known`, cause);
  }
}

/** Reports begin with ASCII: one zero beside the first character tells the order of the bytes. */
function unmarkedUtf16([first = 0, second = 0, third = 0, fourth = 0]: Uint8Array):
  | string
  | undefined {
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return "utf-16le";
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return "utf-16be";
  return undefined;
}
