import type { GateReason, GateReport, GateSubject, GateVerdict } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import { checkValidity } from "./check-validity.ts";
import { type Comparison, centre, compareMetrics } from "./compare-metrics.ts";
import type { PerformanceConfig } from "./config.ts";
import { drawChart } from "./draw-chart.ts";
import {
  type Anchor,
  type KeptPerformance,
  keepMeasurements,
  readKept,
} from "./kept-performance.ts";
import { differing, mergeReports, type Performance } from "./merge-reports.ts";
import { comparisonReasons, limitReasons } from "./performance-reasons.ts";
import type { Measurement, PerformanceReport } from "./performance-report.ts";
import { readReport } from "./read-report.ts";
import { type Selected, selectMetrics } from "./select-metrics.ts";
import { showChange } from "./units.ts";

/** Drift that is warned of where the settings have no limit, in percent. */
const DRIFT_WARNING = 15;
const MAX_METRICS = 500;
const MAX_REASONS = 300;

/**
 * Judges measurements: first whether they mean anything, then by absolute limits, then against what runs in the target
 * environment and against the anchor.
 * @throws {Error} when it cannot be judged; the message names the file, what was measured and the limit
 */
export function evaluatePerformance(
  subject: GateSubject,
  config: PerformanceConfig,
  { signal }: { readonly signal: AbortSignal },
): GateVerdict {
  signal.throwIfAborted();
  if (subject.reports.length === 0) {
    throw new Error(
      "there is no report of a measurement: let the command write one, and list it under reports",
    );
  }
  const reports = withoutCopies(subject.reports).map(readReport);
  signal.throwIfAborted();
  const performance = mergeReports(reports, config.runner_class);
  const notes = checkValidity(reports, performance, config);
  const selected = selectMetrics(performance, config);
  const baseline = subject.baseline ? readKept(subject.baseline) : null;
  const against = `in ${subject.baseline?.version ?? "?"}, which runs in ${subject.target}`;
  const comparable =
    baseline === null ? null : differing(baseline.comparability, performance.comparability);
  const kept = comparable === null ? baseline : null;
  if (kept !== null) refuseMissing(performance, kept, config, against);

  const compared = compareMetrics(selected, kept?.measurements ?? new Map(), config.min_samples);
  const drift = driftOf(selected, kept, subject, config);
  const reasons = [
    ...reports.flatMap(brokenReasons),
    ...limitReasons(selected),
    ...comparisonReasons(compared, against, config.min_samples),
    ...drift,
    ...missingBaseline(baseline, comparable, selected, against),
    ...newMetrics(selected, compared, kept),
    ...notes,
  ]
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
    .slice(0, MAX_REASONS);
  const status = reasons.some(({ level }) => level === "fail")
    ? "failed"
    : reasons.some(({ level }) => level === "warn")
      ? "warning"
      : "passed";
  return {
    status,
    summary: summaryOf(selected, compared, reasons),
    ...(reasons.length === 0 ? {} : { reasons }),
    metrics: Object.fromEntries(
      selected.slice(0, MAX_METRICS).map(({ measurement: m }) => [cleanText(m.name), centre(m)]),
    ),
    details: {
      chart: drawChart(selected, compared),
      comparability: performance.comparability,
      measurements: keepMeasurements(selected.map(({ measurement }) => measurement)),
      anchor: keepAnchor(nextAnchor(selected, kept, config)),
      compared_with: kept === null ? null : (subject.baseline?.digest ?? null),
    },
  };
}

const LEVELS = ["fail", "warn", "info"];

/** The same bytes under two names are one run: counted twice, they would make a difference certain that is not. */
function withoutCopies(reports: readonly GateReport[]): GateReport[] {
  return reports.filter(
    ({ bytes }, index) =>
      !reports.slice(0, index).some((other) => Buffer.compare(other.bytes, bytes) === 0),
  );
}

/** A benchmark that is gone would otherwise be one that got slower and nobody sees. */
function refuseMissing(
  performance: Performance,
  baseline: KeptPerformance,
  config: PerformanceConfig,
  against: string,
): void {
  if (config.metrics.length > 0) return;
  const gone = [...baseline.measurements.values()].filter(
    ({ name, primary }) => primary && !performance.measurements.has(name),
  );
  if (gone.length === 0) return;
  const names = gone.slice(0, 5).map(({ name }) => cleanText(name, 80));
  throw new Error(
    `${gone.length} metrics that were measured ${against} were not measured now: ${names.join(", ")}; measure them, list the metrics that count, or override the gate once`,
  );
}

function brokenReasons({ path, broken }: PerformanceReport): GateReason[] {
  const where = cleanText(path);
  return broken.map((threshold) => ({
    code: "PERF_THRESHOLD",
    level: "fail",
    message: `the tool's own threshold ${cleanText(threshold)} was not kept, according to ${where}`,
    subject: cleanText(threshold),
    where,
    fix: "Make it faster, or change the threshold in the script.",
  }));
}

function missingBaseline(
  baseline: KeptPerformance | null,
  differs: string | null,
  selected: readonly Selected[],
  against: string,
): GateReason[] {
  const isLimited = selected.every(({ max }) => max !== null);
  if (baseline === null) {
    const message =
      "there is no earlier measurement to compare with; this one is kept for the next promotion";
    return [
      isLimited
        ? { code: "PERF_NO_BASELINE", level: "info", message }
        : { code: "PERF_NO_BASELINE", level: "warn", message, fix: "Set max for absolute limits." },
    ];
  }
  if (differs === null) return [];
  return [
    {
      code: "PERF_NOT_COMPARABLE",
      level: "warn",
      message: `it was not compared with what was measured ${against}: not the same conditions (${differs})`,
      measured: cleanText(differs, 900),
      fix: "Measure on the same kind of machine with the same settings; the next promotion compares with this one.",
    },
  ];
}

function newMetrics(
  selected: readonly Selected[],
  compared: readonly Comparison[],
  kept: KeptPerformance | null,
): GateReason[] {
  if (kept === null) return [];
  const known = new Set(compared.map((one) => one.selected.measurement.name));
  const fresh = selected.filter(({ measurement }) => !known.has(measurement.name));
  if (fresh.length === 0) return [];
  const names = fresh.slice(0, 5).map(({ measurement }) => cleanText(measurement.name, 80));
  return [
    {
      code: "PERF_NEW_METRIC",
      level: fresh.every(({ max }) => max !== null) ? "info" : "warn",
      message: `${fresh.length} metrics were not measured before, or in another unit, and were not compared: ${names.join(", ")}`,
      fix: "Nothing to do: the next promotion compares them.",
    },
  ];
}

function driftOf(
  selected: readonly Selected[],
  kept: KeptPerformance | null,
  subject: GateSubject,
  config: PerformanceConfig,
): GateReason[] {
  if (kept === null || kept.anchor.digest === subject.baseline?.digest) return [];
  const { anchor } = kept;
  const limit = config.max_drift_percent ?? DRIFT_WARNING;
  return compareMetrics(selected, anchor.measurements, config.min_samples, limit)
    .filter(({ outcome }) => outcome === "worse")
    .map((one) => {
      const name = cleanText(one.selected.measurement.name);
      return {
        code: "PERF_DRIFT",
        level: config.max_drift_percent === undefined ? "warn" : "fail",
        message: `${name} got worse by ${showChange(one.worse)} in small steps since ${cleanText(anchor.version)}; the limit is ${limit} % (p = ${one.p.toPrecision(2)}, n ${one.counts.join("/")})`,
        subject: name,
        measured: showChange(one.worse),
        limit: `+${limit} %`,
        where: `since ${cleanText(anchor.version)}`,
        fix: "Look at the promotions since then. Where it is wanted, raise max_drift_percent, or override the gate once: drift then counts from here.",
      };
    });
}

/** The anchor stays where it is, except where a metric has certainly become better than that. */
function nextAnchor(
  selected: readonly Selected[],
  kept: KeptPerformance | null,
  config: PerformanceConfig,
): Anchor | null {
  if (kept === null) return null;
  const { anchor } = kept;
  const flipped = selected.map((one) => ({
    ...one,
    better: one.better === "lower" ? ("higher" as const) : ("lower" as const),
  }));
  const measurements = new Map(anchor.measurements);
  for (const one of compareMetrics(flipped, anchor.measurements, config.min_samples))
    if (one.outcome === "worse")
      measurements.set(one.selected.measurement.name, one.selected.measurement);
  const chosen = new Set(selected.map(({ measurement }) => measurement.name));
  return {
    ...anchor,
    measurements: new Map([...measurements].filter(([name]) => chosen.has(name))),
  };
}

function keepAnchor(anchor: Anchor | null): {
  readonly digest: string;
  readonly version: string;
  readonly measurements: ReturnType<typeof keepMeasurements>;
} | null {
  if (anchor === null) return null;
  const { digest, version } = anchor;
  const values: Iterable<Measurement> = anchor.measurements.values();
  return { digest, version, measurements: keepMeasurements(values) };
}

function summaryOf(
  selected: readonly Selected[],
  compared: readonly Comparison[],
  reasons: readonly GateReason[],
): string {
  const first = reasons.find(({ level }) => level !== "info");
  const others = reasons.filter(({ level }) => level === first?.level).length - 1;
  if (first !== undefined)
    return cleanText(`${first.message}${others > 0 ? ` (and ${others} more)` : ""}`, 600);
  const worst = [...compared].sort((a, b) => b.worse - a.worse)[0];
  const count = `${selected.length} metrics are within their limits`;
  return worst === undefined
    ? count
    : `${count}; the largest change is ${showChange(worst.worse)} (${cleanText(worst.selected.measurement.name, 80)})`;
}
