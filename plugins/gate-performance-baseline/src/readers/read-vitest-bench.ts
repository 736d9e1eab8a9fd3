import type { Measurement, ReadReport } from "../performance-report.ts";
import { FieldProblem, type Fields, fieldsAt, listAt, numberAt, textAt } from "../read-fields.ts";
import { sampled } from "./measure.ts";

/**
 * Reads `vitest bench --outputJson`: milliseconds. A benchmark that threw has no numbers, is ranked first, and is an error.
 * @throws {FieldProblem} a benchmark measured nothing, or it is not as vitest writes it
 */
export function readVitestBench(report: Fields): ReadReport {
  const measurements: Measurement[] = [];
  for (const [index, entry] of listAt(report["files"], "files").entries()) {
    const file = fieldsAt(entry, `files[${index}]`);
    for (const group of listAt(file["groups"], `files[${index}].groups`)) {
      const fields = fieldsAt(group, `a group of files[${index}]`);
      const suite = textAt(fields["fullName"], `the name of a group of files[${index}]`);
      for (const one of listAt(fields["benchmarks"], `the benchmarks of ${suite}`)) {
        const benchmark = fieldsAt(one, `a benchmark of ${suite}`);
        measurements.push(readBenchmark(benchmark, suite));
      }
    }
  }
  return { measurements };
}

function readBenchmark(benchmark: Fields, suite: string): Measurement {
  const name = `${suite} > ${textAt(benchmark["name"], `the name of a benchmark of ${suite}`)}`;
  const count = benchmark["sampleCount"];
  if (count === undefined || count === null || count === 0 || benchmark["mean"] === null)
    throw new FieldProblem(`the benchmark "${name}" measured nothing: it threw`);
  numberAt(count, `the sampleCount of "${name}"`);
  const mean = numberAt(benchmark["mean"], `the mean of "${name}"`);
  const samples = listAt(benchmark["samples"] ?? [], `the samples of "${name}"`);
  return sampled(
    name,
    "ms",
    "lower",
    samples.map((value) => numberAt(value, `the samples of "${name}"`)),
    mean,
  );
}
