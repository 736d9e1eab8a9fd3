import type { GateReport } from "@floe/core/plugin";
import { decodeText, textStart } from "./decode-text.ts";
import { parseJson } from "./parse-json.ts";
import { ReportProblem } from "./report-problem.ts";

/** The content of a report, decoded when it is first asked for. */
export interface ReportContent {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Its first few thousand characters without the blanks before them: enough to tell XML from JSON and from other text. */
  readonly start: string;
  /**
   * The text; see {@link decodeText}.
   *
   * @throws {ReportProblem} when it cannot be decoded.
   */
  text(): string;
  /**
   * The value, parsed once; see {@link parseJson}.
   *
   * @throws {ReportProblem} when it is not JSON.
   */
  json(): unknown;
}

/** How a format is known, and how it is read. */
export interface ReportReader<Result> {
  /** As manifests name it under `reports[].format`. */
  readonly format: string;
  /** Whether a report looks like this format: by its structure, never by its file name. Does not throw for what it is not. */
  readonly matches: (content: ReportContent) => boolean;
  /** Reads it. Throws {@link ReportProblem} for what is damaged. */
  readonly read: (
    content: ReportContent,
    options: { readonly signal: AbortSignal },
  ) => Result | Promise<Result>;
}

/** What reading takes besides the reports. */
export interface ReadOptions {
  readonly signal: AbortSignal;
  /** The most bytes of one report. */
  readonly maxBytes?: number;
}

/**
 * Reads reports, each by the first reader of the table that knows it, or by the one that the manifest names. The same bytes
 * under two names are one report.
 *
 * @throws {ReportProblem} naming the file, for one that no reader knows or that is damaged.
 */
export async function readReports<Result>(
  reports: readonly GateReport[],
  readers: readonly ReportReader<Result>[],
  options: ReadOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const report of withoutCopies(reports)) {
    options.signal.throwIfAborted();
    const content = contentOf(report, options.maxBytes);
    results.push(await chooseReader(report.format, content, readers).read(content, options));
  }
  return results;
}

/** The same bytes under two names are one report: counted twice, they could reach a minimum. */
export function withoutCopies(reports: readonly GateReport[]): GateReport[] {
  const bySize = new Map<number, Uint8Array[]>();
  return reports.filter(({ bytes }) => {
    const same = bySize.get(bytes.byteLength) ?? [];
    if (same.some((other) => Buffer.compare(other, bytes) === 0)) return false;
    bySize.set(bytes.byteLength, [...same, bytes]);
    return true;
  });
}

/** Wraps a report, so that it is decoded and parsed at most once. */
export function contentOf({ path, bytes }: GateReport, maxBytes?: number): ReportContent {
  let text: string | undefined;
  let json: { readonly value: unknown } | { readonly problem: unknown } | undefined;
  const parse = (): { readonly value: unknown } | { readonly problem: unknown } => {
    try {
      return { value: parseJson(path, content.text()) };
    } catch (problem) {
      return { problem };
    }
  };
  const content: ReportContent = {
    path,
    bytes,
    start: textStart(bytes),
    text: () => {
      text ??= decodeText(path, bytes, maxBytes === undefined ? {} : { maxBytes });
      return text;
    },
    json: () => {
      // What is no JSON is none for the next reader that asks.
      json ??= parse();
      if ("problem" in json) throw json.problem;
      return json.value;
    },
  };
  return content;
}

/**
 * The reader for a report: the one of that name, or for `auto` the first that knows its structure.
 *
 * @throws {ReportProblem} when there is none.
 */
export function chooseReader<Result>(
  format: string,
  content: ReportContent,
  readers: readonly ReportReader<Result>[],
): ReportReader<Result> {
  const known = readers.map((reader) => reader.format).join(", ");
  if (format !== "auto") {
    const named = readers.find((reader) => reader.format === format);
    if (named !== undefined) return named;
    throw new ReportProblem(
      content.path,
      undefined,
      `its format is given as "${format}"; this version reads ${known}`,
    );
  }
  const found = readers.find((reader) => reader.matches(content));
  if (found !== undefined) return found;
  // Says where it is damaged, when it is JSON that was cut off.
  if (/^[{[]/.test(content.start)) content.json();
  throw new ReportProblem(content.path, 1, `it is of no format that is read (${known})`);
}
