import { cleanText } from "@floe/gate-kit";
import { median } from "./median.ts";
import type { Measurement, PerformanceReport } from "./performance-report.ts";

/** All reports of one gate: runs of the same thing are one measurement with more samples. */
export interface Performance {
  readonly measurements: ReadonlyMap<string, Measurement>;
  /** Equal for two that may be compared. */
  readonly comparability: Readonly<Record<string, string>>;
  /** In how many reports the metric that is in the fewest of them stands. */
  readonly runs: number;
}

/**
 * Joins reports. A name in several of them is repeated: the samples are pooled, or, where a report has only one number for
 * it, that number is a sample. `runnerClass` is of who measured.
 * @throws {Error} reports that measured different things under one name
 */
export function mergeReports(
  reports: readonly PerformanceReport[],
  runnerClass: string | undefined,
): Performance {
  const found = new Map<
    string,
    { one: Measurement; from: PerformanceReport; runs: Measurement[] }
  >();
  for (const report of reports) {
    for (const one of report.measurements) {
      const entry = found.get(one.name);
      if (entry === undefined) {
        found.set(one.name, { one, from: report, runs: [one] });
        continue;
      }
      refuseOther(one, report, entry);
      entry.runs.push(one);
    }
  }
  const measurements = new Map<string, Measurement>();
  let fewest = Number.POSITIVE_INFINITY;
  for (const [name, { one, runs }] of found) {
    measurements.set(name, runs.length === 1 ? one : pooled(one, runs));
    fewest = Math.min(fewest, runs.length);
  }
  const comparability: Record<string, string> = {};
  if (runnerClass !== undefined) comparability["runner_class"] = runnerClass;
  for (const report of reports)
    for (const [key, value] of Object.entries({ format: report.format, ...report.comparability }))
      comparability[key] = joined(comparability[key], value);
  return { measurements, comparability, runs: fewest };
}

function pooled(one: Measurement, runs: readonly Measurement[]): Measurement {
  const samples = runs.flatMap(({ samples: own, value }) => (own.length > 0 ? own : [value]));
  return { ...one, samples, value: median(samples) };
}

function refuseOther(
  one: Measurement,
  report: PerformanceReport,
  { one: first, from }: { readonly one: Measurement; readonly from: PerformanceReport },
): void {
  const key = differing(
    { format: from.format, unit: first.unit, ...from.comparability },
    { format: report.format, unit: one.unit, ...report.comparability },
  );
  if (key === null) return;
  throw new Error(
    `${cleanText(from.path)} and ${cleanText(report.path)} both hold ${cleanText(one.name)} and did not measure the same (${key}); give each a gate of its own`,
  );
}

/** What of two keys differs, in words; `null` when they are equal. */
export function differing(
  first: Readonly<Record<string, string>>,
  second: Readonly<Record<string, string>>,
): string | null {
  const keys = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  const other = keys.filter((key) => first[key] !== second[key]);
  if (other.length === 0) return null;
  return other
    .slice(0, 3)
    .map((key) => `${key}: ${first[key] ?? "unknown"} and ${second[key] ?? "unknown"}`)
    .join(", ");
}

function joined(before: string | undefined, value: string): string {
  if (before === undefined || before.split(" + ").includes(value)) return before ?? value;
  return cleanText([...before.split(" + "), value].sort().join(" + "));
}
