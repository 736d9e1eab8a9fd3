import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  type Fields,
  fieldsAt,
  listAt,
  numberAt,
  optionalNumberAt,
  textAt,
  wordsOf,
} from "../read-fields.ts";
import { msPer } from "../units.ts";
import { sampled } from "./measure.ts";

/**
 * Reads the JSON of Google Benchmark. Iterations of one name are the samples; its aggregates are left out.
 * @throws {FieldProblem} a benchmark reported an error, or it is not as Google Benchmark writes it
 */
export function readGoogleBenchmark(report: Fields): ReadReport {
  const context = fieldsAt(report["context"], "context");
  const samples = new Map<string, number[]>();
  for (const [index, entry] of listAt(report["benchmarks"], "benchmarks").entries()) {
    const where = `benchmarks[${index}]`;
    const one = fieldsAt(entry, where);
    const name = textAt(one["name"], `${where}.name`);
    if (one["error_occurred"] === true) {
      const why =
        one["error_message"] === undefined ? "" : `: ${textAt(one["error_message"], where)}`;
      throw new FieldProblem(`the benchmark ${name} did not run${why}`);
    }
    if (isAggregate(one)) continue;
    const factor = msPer(textAt(one["time_unit"], `${where}.time_unit`), where);
    optionalNumberAt(one["cpu_time"], `${where}.cpu_time`);
    const times = samples.get(name) ?? [];
    times.push(numberAt(one["real_time"], `${where}.real_time`) * factor);
    samples.set(name, times);
  }
  const measurements: Measurement[] = [...samples].map(([name, times]) =>
    sampled(name, "ms", "lower", times),
  );
  return {
    measurements,
    comparability: wordsOf({
      cpus: context["num_cpus"],
      build: context["library_build_type"],
    }),
    notes: [
      ...(context["library_build_type"] === "debug"
        ? ["the benchmark library is a debug build"]
        : []),
      ...(context["cpu_scaling_enabled"] === true
        ? ["CPU frequency scaling was on: the times are noisy"]
        : []),
    ],
  };
}

function isAggregate(one: Fields): boolean {
  return (
    one["run_type"] === "aggregate" ||
    "aggregate_name" in one ||
    "rms" in one ||
    /_(?:BigO|RMS|mean|median|stddev|cv)$/.test(String(one["name"]))
  );
}
