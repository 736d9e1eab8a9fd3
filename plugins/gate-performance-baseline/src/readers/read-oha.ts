import type { ReadReport } from "../performance-report.ts";
import { type Fields, fieldsAt, isFields, numberAt, optionalNumberAt } from "../read-fields.ts";
import { throughput, timings } from "./measure.ts";

const PERCENTILES = ["p50", "p75", "p90", "p95", "p99", "p99.9"];
/** Requests that were under way when the time was up; they are no failures. */
const DEADLINE = "aborted due to deadline";

/**
 * Reads `oha --output-format json`: seconds. Its own success rate counts every answer, also a 500, so it is not used.
 * @throws {FieldProblem} what is not as oha writes it
 */
export function readOha(report: Fields): ReadReport {
  const summary = fieldsAt(report["summary"], "summary");
  const successful = report["latencyPercentilesSuccessful"];
  const percentiles = isFields(successful)
    ? successful
    : fieldsAt(report["latencyPercentiles"], "latencyPercentiles");
  const found: Record<string, number | null> = {
    "latency.mean": inMs(optionalNumberAt(summary["average"], "summary.average")),
  };
  for (const key of PERCENTILES)
    found[`latency.${key}`] = inMs(optionalNumberAt(percentiles[key], `latencyPercentiles.${key}`));
  let answered = 0;
  let failed = 0;
  const codes = fieldsAt(report["statusCodeDistribution"], "statusCodeDistribution");
  for (const [code, value] of Object.entries(codes)) {
    const count = numberAt(value, `statusCodeDistribution.${code}`);
    answered += count;
    if (!/^[123]/.test(code)) failed += count;
  }
  for (const [what, value] of Object.entries(
    fieldsAt(report["errorDistribution"], "errorDistribution"),
  )) {
    const count = numberAt(value, "errorDistribution");
    if (what === DEADLINE) continue;
    answered += count;
    failed += count;
  }
  return {
    load: {
      requests: answered,
      failed,
      durationMs: numberAt(summary["total"], "summary.total") * 1000,
    },
    measurements: [
      ...timings(found, ["latency.p95", "latency.mean"]),
      throughput(numberAt(summary["requestsPerSec"], "summary.requestsPerSec")),
    ],
  };
}

function inMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
