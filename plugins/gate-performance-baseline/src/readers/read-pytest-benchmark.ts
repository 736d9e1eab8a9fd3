import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  type Fields,
  fieldsAt,
  isFields,
  listAt,
  numberAt,
  textAt,
  wordsOf,
} from "../read-fields.ts";
import { sampled } from "./measure.ts";

/** Reads `pytest --benchmark-json`: seconds; samples only with `--benchmark-save-data`. @throws {FieldProblem} */
export function readPytestBenchmark(report: Fields): ReadReport {
  const machine = isFields(report["machine_info"]) ? report["machine_info"] : {};
  const cpu = isFields(machine["cpu"]) ? machine["cpu"] : {};
  const notes: string[] = [];
  const measurements: Measurement[] = [];
  for (const [index, entry] of listAt(report["benchmarks"], "benchmarks").entries()) {
    const one = fieldsAt(entry, `benchmarks[${index}]`);
    const name = textAt(one["fullname"] ?? one["name"], `benchmarks[${index}].fullname`);
    const stats = fieldsAt(one["stats"], `the stats of ${name}`);
    if (numberAt(stats["rounds"], `the rounds of ${name}`) === 0)
      throw new FieldProblem(`${name} ran in no round`);
    const median = numberAt(stats["median"], `the median of ${name}`) * 1000;
    const data = stats["data"] === undefined ? [] : listAt(stats["data"], `the data of ${name}`);
    const isWhole = data.every((value) => typeof value === "number");
    if (!isWhole)
      notes.push(
        `the data of ${name} hold something that is no number; only its statistics are used`,
      );
    const samples = isWhole
      ? data.map((value) => numberAt(value, `the data of ${name}`) * 1000)
      : [];
    measurements.push(sampled(name, "ms", "lower", samples, median));
  }
  return {
    measurements,
    notes,
    comparability: wordsOf({
      cpu: cpu["brand_raw"] ?? cpu["brand"],
      cpus: cpu["count"],
      python: machine["python_version"],
      machine: machine["machine"],
    }),
  };
}
