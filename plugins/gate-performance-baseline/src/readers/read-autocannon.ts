import type { ReadReport } from "../performance-report.ts";
import { type Fields, fieldsAt, numberAt, optionalNumberAt, wordsOf } from "../read-fields.ts";
import { throughput, timings } from "./measure.ts";

const PERCENTILES = ["p50", "p75", "p90", "p97_5", "p99", "p99_9"] as const;

/** Reads `autocannon --json`: milliseconds; there is no p95. @throws {FieldProblem} what is not as autocannon writes it */
export function readAutocannon(report: Fields): ReadReport {
  const latency = fieldsAt(report["latency"], "latency");
  const requests = fieldsAt(report["requests"], "requests");
  const total = numberAt(requests["total"], "requests.total");
  const errors = numberAt(report["errors"], "errors");
  const failed = errors + numberAt(report["non2xx"], "non2xx");
  const found: Record<string, number | null> = {
    "latency.mean": numberAt(latency["average"] ?? latency["mean"], "latency.average"),
    "latency.max": numberAt(latency["max"], "latency.max"),
  };
  for (const key of PERCENTILES)
    found[`latency.${key}`] = optionalNumberAt(latency[key], `latency.${key}`);
  return {
    // A request that was refused is in errors only, one that was answered is in total only.
    load: {
      requests: total + errors,
      failed,
      durationMs: numberAt(report["duration"], "duration") * 1000,
    },
    measurements: [
      ...timings(found, ["latency.p97_5", "latency.p99", "latency.mean"]),
      throughput(numberAt(requests["average"], "requests.average")),
    ],
    comparability: wordsOf({
      target: report["url"],
      connections: report["connections"],
      pipelining: report["pipelining"],
      workers: report["workers"],
    }),
  };
}
