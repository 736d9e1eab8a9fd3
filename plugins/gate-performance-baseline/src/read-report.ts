import type { GateReport } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import { type Format, formatNames, formats } from "./formats.ts";
import type { Measurement, PerformanceReport, ReadReport } from "./performance-report.ts";
import { FieldProblem, isFields } from "./read-fields.ts";
import { ReportProblem } from "./report-problem.ts";

/** Numbers that a report may hold; more is a mistake or an attack. */
const MAX_SAMPLES = 2_000_000;
const MAX_MEASUREMENTS = 20_000;

/**
 * Reads one report, by the format that the manifest names, or by what stands in it.
 * @throws {ReportProblem} empty, cut off, damaged, of no known format, or with nothing measured
 */
export function readReport(report: GateReport): PerformanceReport {
  const { path } = report;
  if (report.format !== "auto" && !formatNames.includes(report.format)) {
    throw new ReportProblem(
      path,
      `its format is given as "${cleanText(report.format)}"; known are auto, ${formatNames.join(", ")}`,
    );
  }
  const text = decode(path, report.bytes);
  const value = /^\s*[[{]/.test(text) ? parse(path, text) : text;
  const rows = formats.filter(({ name }) => report.format === "auto" || report.format === name);
  for (const format of rows) {
    const read = readBy(format, value, path);
    if (read !== null) return checked({ path, format: format.name, ...filled(read) });
  }
  throw new ReportProblem(
    path,
    `it begins with "${cleanText(text, 60)}", which is none of ${(report.format === "auto" ? formatNames : [report.format]).join(", ")}`,
  );
}

function decode(path: string, bytes: Uint8Array): string {
  if (bytes.byteLength === 0)
    throw new ReportProblem(path, "it is empty (0 bytes): nothing was measured");
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  let text: string;
  try {
    text = new TextDecoder(utf16 ? "utf-16le" : "utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ReportProblem(path, "it is not text in UTF-8", cause);
  }
  if (text.includes("\0"))
    throw new ReportProblem(path, "it holds NUL characters: the file is damaged");
  if (text.trim() === "") throw new ReportProblem(path, "it is empty: nothing was measured");
  return text;
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cleanText(cause.message) : "";
    throw new ReportProblem(path, `it is not JSON, or cut off (${why})`, cause);
  }
}

function readBy(format: Format, value: unknown, path: string): ReadReport | null {
  try {
    if (format.kind === "text" && typeof value === "string")
      return format.is(value) ? format.read(value) : null;
    if (format.kind === "list" && Array.isArray(value))
      return format.is(value) ? format.read(value) : null;
    if (format.kind === "object" && isFields(value))
      return format.is(value) ? format.read(value) : null;
    return null;
  } catch (cause) {
    if (cause instanceof FieldProblem)
      throw new ReportProblem(path, `as ${format.name}: ${cause.message}`, cause);
    throw cause;
  }
}

function filled(read: ReadReport): Omit<PerformanceReport, "path" | "format"> {
  const { measurements, load = null, comparability = {}, broken = [], notes = [] } = read;
  return { measurements, load, comparability, broken, notes };
}

/** What no reader has to look at: nothing measured, a name twice, too much. */
function checked(report: PerformanceReport): PerformanceReport {
  const { path, measurements } = report;
  if (measurements.length === 0) throw new ReportProblem(path, "nothing was measured");
  if (report.load?.requests === 0) throw new ReportProblem(path, "no request was answered");
  const seen = new Set<string>();
  for (const { name, value, samples } of measurements) {
    if (seen.has(name)) throw new ReportProblem(path, `${cleanText(name)} stands there twice`);
    seen.add(name);
    if (!Number.isFinite(value) || !samples.every(Number.isFinite))
      throw new ReportProblem(path, `${cleanText(name)} is no finite number`);
  }
  const count = measurements.reduce((sum, { samples }: Measurement) => sum + samples.length, 0);
  if (measurements.length > MAX_MEASUREMENTS || count > MAX_SAMPLES) {
    throw new ReportProblem(
      path,
      `it holds ${measurements.length} metrics and ${count} samples; ${MAX_MEASUREMENTS} and ${MAX_SAMPLES} are the limit`,
    );
  }
  return report;
}
