import type { ReadReport } from "../performance-report.ts";
import { FieldProblem, type Fields, fieldsAt, numberAt, optionalNumberAt } from "../read-fields.ts";
import { throughput, timings } from "./measure.ts";

const NS = 1e-6;
const NAMES = {
  mean: "mean",
  "50th": "p50",
  "90th": "p90",
  "95th": "p95",
  "99th": "p99",
  max: "max",
};

/** Reads `vegeta report -type=json`: nanoseconds; status code 0 is no answer. @throws {FieldProblem} */
export function readVegeta(report: Fields): ReadReport {
  const latencies = fieldsAt(report["latencies"], "latencies");
  const requests = numberAt(report["requests"], "requests");
  const success = numberAt(report["success"], "success");
  if (success > 1) throw new FieldProblem(`success is ${success}, not a share of 1`);
  const found: Record<string, number | null> = {};
  for (const [key, name] of Object.entries(NAMES)) {
    const value = optionalNumberAt(latencies[key], `latencies.${key}`);
    found[`latency.${name}`] = value === null ? null : value * NS;
  }
  let failed = requests;
  for (const [code, count] of Object.entries(fieldsAt(report["status_codes"], "status_codes")))
    if (/^[123]\d\d$/.test(code)) failed -= numberAt(count, `status_codes.${code}`);
  return {
    // The worse of both ways to say it.
    load: {
      requests,
      failed: Math.max(failed, Math.round(requests * (1 - success))),
      durationMs: numberAt(report["duration"], "duration") * NS,
    },
    measurements: [
      ...timings(found, ["latency.p95", "latency.mean"]),
      throughput(numberAt(report["throughput"] ?? report["rate"], "throughput")),
    ],
  };
}
