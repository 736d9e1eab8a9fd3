import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  type Fields,
  fieldsAt,
  isFields,
  listAt,
  numberAt,
  optionalNumberAt,
  textAt,
  wordsOf,
} from "../read-fields.ts";
import { throughput, timing } from "./measure.ts";

/** One metric of k6, whichever of its three summaries it is from. */
interface K6Metric {
  readonly isTime: boolean;
  readonly values: Fields;
  readonly thresholds: unknown;
}

/** What is judged by default: the answer time that a user waits for. */
const PRIMARY = new Set(["http_req_duration.p(95)", "http_req_duration.med"]);
const PARTS = /^(?:avg|min|med|max|p\(\d+(?:\.\d+)?\))$/;

/**
 * Reads the three summaries of k6: of `--summary-export` (flat; a threshold `true` was **broken**), of `handleSummary`, and
 * the machine readable one (a list, without thresholds). In all of them the passes of `http_req_failed` are failed requests.
 * @throws {FieldProblem} what is not as k6 writes it, or no requests and no iterations
 */
export function readK6(report: Fields): ReadReport {
  const isMachine = isFields(report["results"]);
  const metrics = isMachine ? machineMetrics(report) : plainMetrics(report);
  const valuesOf = (name: string): Fields => metrics.get(name)?.values ?? {};
  const failedOf = valuesOf("http_req_failed");
  const count =
    optionalNumberAt(valuesOf("http_reqs")["count"], "http_reqs.count") ??
    optionalNumberAt(valuesOf("iterations")["count"], "iterations.count");
  if (count === null) throw new FieldProblem("it counts neither http_reqs nor iterations");
  const durationMs = durationOf(report, valuesOf("http_reqs"));
  const rate =
    optionalNumberAt(valuesOf("http_reqs")["rate"], "http_reqs.rate") ??
    (durationMs === null || durationMs === 0 ? null : (count / durationMs) * 1000);
  const measurements: Measurement[] = rate === null ? [] : [throughput(rate)];
  for (const [name, { isTime, values }] of metrics) {
    if (!isTime) continue;
    for (const [part, value] of Object.entries(values)) {
      if (!PARTS.test(part)) continue;
      const full = `${name}.${part}`;
      measurements.push(timing(full, numberAt(value, full), PRIMARY.has(full)));
    }
  }
  return {
    measurements,
    load: {
      requests: count,
      failed: optionalNumberAt(failedOf["passes"] ?? failedOf["matches"], "http_req_failed.passes"),
      durationMs,
    },
    broken: [...metrics].flatMap(([name, { thresholds }]) => brokenOf(name, thresholds)),
    notes: [
      ...checkNotes(valuesOf("checks"), valuesOf("checks_failed")),
      ...droppedNotes(valuesOf("dropped_iterations")),
      ...(isMachine ? ["this summary of k6 does not say whether its thresholds were kept"] : []),
    ],
    comparability: wordsOf({
      script: isFields(report["config"]) ? report["config"]["script"] : undefined,
      vus: valuesOf("vus_max")["max"],
    }),
  };
}

function plainMetrics(report: Fields): Map<string, K6Metric> {
  const metrics = new Map<string, K6Metric>();
  for (const [name, value] of Object.entries(fieldsAt(report["metrics"], "metrics"))) {
    const metric = fieldsAt(value, `metrics.${name}`);
    const values = isFields(metric["values"]) ? metric["values"] : metric;
    const isTime =
      metric["contains"] === undefined ? "med" in values : metric["contains"] === "time";
    metrics.set(name, { isTime, values, thresholds: metric["thresholds"] });
  }
  return metrics;
}

function machineMetrics(report: Fields): Map<string, K6Metric> {
  const results = fieldsAt(report["results"], "results");
  const checks = isFields(results["checks"]) ? results["checks"]["metrics"] : undefined;
  const metrics = new Map<string, K6Metric>();
  const all = [
    ...listAt(results["metrics"], "results.metrics"),
    ...(Array.isArray(checks) ? checks : []),
  ];
  for (const [index, entry] of all.entries()) {
    const metric = fieldsAt(entry, `results.metrics[${index}]`);
    const name = textAt(metric["name"], `results.metrics[${index}].name`);
    const values = fieldsAt(metric["values"], `the values of ${name}`);
    metrics.set(name, { isTime: metric["contains"] === "time", values, thresholds: undefined });
  }
  return metrics;
}

function durationOf(report: Fields, requests: Fields): number | null {
  const state = isFields(report["state"]) ? report["state"] : {};
  const ms = optionalNumberAt(state["testRunDurationMs"], "state.testRunDurationMs");
  if (ms !== null) return ms;
  const config = isFields(report["config"]) ? report["config"] : {};
  const seconds = optionalNumberAt(config["duration"], "config.duration");
  if (seconds !== null) return seconds * 1000;
  const count = optionalNumberAt(requests["count"], "http_reqs.count");
  const rate = optionalNumberAt(requests["rate"], "http_reqs.rate");
  return count === null || rate === null || rate === 0 ? null : (count / rate) * 1000;
}

function brokenOf(name: string, thresholds: unknown): string[] {
  if (thresholds === undefined) return [];
  return Object.entries(fieldsAt(thresholds, `the thresholds of ${name}`)).flatMap(
    ([expression, state]) => {
      const isBroken = isFields(state) ? state["ok"] === false : state === true;
      const isKept = isFields(state) ? state["ok"] === true : state === false;
      if (!isBroken && !isKept)
        throw new FieldProblem(
          `the threshold ${expression} of ${name} says neither kept nor broken`,
        );
      return isBroken ? [`${name}: ${expression}`] : [];
    },
  );
}

function checkNotes(checks: Fields, failedChecks: Fields): string[] {
  const failed = optionalNumberAt(checks["fails"] ?? failedChecks["matches"], "checks.fails") ?? 0;
  if (failed === 0) return [];
  const passed = optionalNumberAt(checks["passes"], "checks.passes");
  const total = passed === null ? failedChecks["total"] : passed + failed;
  return [`${failed} of ${String(total)} checks of the script failed`];
}

function droppedNotes(dropped: Fields): string[] {
  const count = optionalNumberAt(dropped["count"], "dropped_iterations.count") ?? 0;
  return count === 0 ? [] : [`${count} iterations were dropped: the load was lower than asked for`];
}
