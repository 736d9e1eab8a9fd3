import { cleanText } from "@floe/gate-kit";
import type { MetricConfig, PerformanceConfig } from "./config.ts";
import type { Performance } from "./merge-reports.ts";
import type { Direction, Measurement } from "./performance-report.ts";

/** A metric that is judged, with its limits. */
export interface Selected {
  readonly measurement: Measurement;
  readonly better: Direction;
  readonly max: number | null;
  readonly maxRegressionPercent: number;
  readonly maxRegressionAbs: number;
}

const MAX_NAMED = 8;

/**
 * Picks what is judged: what the settings list, or else what the reports are about.
 * @throws {Error} a listed metric was not measured, or nobody says which direction of it is good
 */
export function selectMetrics(performance: Performance, config: PerformanceConfig): Selected[] {
  const all = [...performance.measurements.values()];
  if (config.metrics.length === 0) {
    const primary = all.filter(({ primary: is }) => is);
    if (primary.length === 0)
      throw new Error(`nothing is judged by default here; list metrics, of ${named(all)}`);
    return primary.map((measurement) => selected(measurement, {}, config));
  }
  const found = new Map<string, Selected>();
  for (const metric of config.metrics) {
    const matches = all.filter(({ name }) => matchesName(metric.name, name));
    if (matches.length === 0) {
      throw new Error(
        `the metric "${cleanText(metric.name)}" was not measured; the reports have ${named(all)}`,
      );
    }
    for (const measurement of matches)
      found.set(measurement.name, selected(measurement, metric, config));
  }
  return [...found.values()];
}

function selected(
  measurement: Measurement,
  metric: Partial<MetricConfig>,
  config: PerformanceConfig,
): Selected {
  const better = metric.better ?? measurement.better;
  if (better === null) {
    throw new Error(
      `nobody knows whether more of "${cleanText(measurement.name)}" is better or worse: set better: lower or higher`,
    );
  }
  return {
    measurement,
    better,
    max: metric.max ?? null,
    maxRegressionPercent: metric.max_regression_percent ?? config.max_regression_percent,
    maxRegressionAbs: metric.max_regression_abs ?? 0,
  };
}

/** `*` matches anything; names hold slashes, brackets and dots, so nothing else is special. Linear time. */
function matchesName(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}

function named(all: readonly Measurement[]): string {
  const names = all.slice(0, MAX_NAMED).map(({ name }) => cleanText(name, 80));
  const more = all.length - names.length;
  return `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
