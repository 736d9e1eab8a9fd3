import type { GateReport } from "@floe/core/plugin";
import { cleanText, decodeText, parseJson, ReportProblem } from "@floe/gate-kit";
import { type Format, formatNames, formats } from "./formats.ts";
import type { Measurement, PerformanceReport, ReadReport } from "./performance-report.ts";
import { FieldProblem, isFields } from "./read-fields.ts";

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
      undefined,
      `its format is given as "${cleanText(report.format)}"; known are auto, ${formatNames.join(", ")}`,
    );
  }
  const text = decodeText(path, report.bytes, { fatal: true });
  if (text.includes("\0"))
    throw new ReportProblem(path, undefined, "it holds NUL characters: the file is damaged");
  const value = /^\s*[[{]/.test(text) ? parseJson(path, text) : text;
  const rows = formats.filter(({ name }) => report.format === "auto" || report.format === name);
  for (const format of rows) {
    const read = readBy(format, value, path);
    if (read !== null) return checked({ path, format: format.name, ...filled(read) });
  }
  throw new ReportProblem(
    path,
    1,
    `it begins with "${cleanText(text, 60)}", which is none of ${(report.format === "auto" ? formatNames : [report.format]).join(", ")}`,
  );
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
      throw new ReportProblem(path, undefined, `as ${format.name}: ${cause.message}`, cause);
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
  if (measurements.length === 0) throw new ReportProblem(path, undefined, "nothing was measured");
  if (report.load?.requests === 0)
    throw new ReportProblem(path, undefined, "no request was answered");
  const seen = new Set<string>();
  for (const { name, value, samples } of measurements) {
    if (seen.has(name))
      throw new ReportProblem(path, undefined, `${cleanText(name)} stands there twice`);
    seen.add(name);
    if (!Number.isFinite(value) || !samples.every(Number.isFinite))
      throw new ReportProblem(path, undefined, `${cleanText(name)} is no finite number`);
  }
  const count = measurements.reduce((sum, { samples }: Measurement) => sum + samples.length, 0);
  if (measurements.length > MAX_MEASUREMENTS || count > MAX_SAMPLES) {
    throw new ReportProblem(
      path,
      undefined,
      `it holds ${measurements.length} metrics and ${count} samples; ${MAX_MEASUREMENTS} and ${MAX_SAMPLES} are the limit`,
    );
  }
  return report;
}
