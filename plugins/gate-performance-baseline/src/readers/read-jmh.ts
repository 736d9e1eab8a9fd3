import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  fieldsAt,
  isFields,
  listAt,
  numberAt,
  textAt,
  wordsOf,
} from "../read-fields.ts";
import { msPer } from "../units.ts";
import { sampled } from "./measure.ts";

/** Reads the JSON of JMH; a raw value of every iteration of every fork. @throws {FieldProblem} */
export function readJmh(report: readonly unknown[]): ReadReport {
  const measurements: Measurement[] = [];
  const notes: string[] = [];
  const machines = new Set<string>();
  let comparability: Record<string, string> = {};
  for (const [index, entry] of report.entries()) {
    const one = fieldsAt(entry, `[${index}]`);
    const name = textAt(one["benchmark"], `[${index}].benchmark`) + parametersOf(one["params"]);
    const mode = textAt(one["mode"], `the mode of ${name}`);
    const metric = fieldsAt(one["primaryMetric"], `the primaryMetric of ${name}`);
    const { unit, factor, better } = unitOf(
      textAt(metric["scoreUnit"], `the unit of ${name}`),
      mode,
    );
    const score = numberAt(metric["score"], `the score of ${name}`);
    const samples = rawOf(metric["rawData"], name).map((value) => value * factor);
    measurements.push(sampled(`${name} ${mode}`, unit, better, samples, score * factor));
    const error = metric["scoreError"];
    if (typeof error === "number" && error > score)
      notes.push(`${name}: the error is larger than the score`);
    comparability = wordsOf({ vm: one["vmName"], jdk: one["jdkVersion"], threads: one["threads"] });
    machines.add(JSON.stringify(comparability));
  }
  if (machines.size > 1) notes.push("the benchmarks ran on different machines or threads");
  return { measurements, comparability, notes };
}

function unitOf(
  text: string,
  mode: string,
): Pick<Measurement, "unit" | "better"> & { factor: number } {
  const [, rate, perOp] = /^(?:ops\/(\w+)|([\wµ]+)\/op)$/.exec(text) ?? [];
  if (mode === "thrpt" && rate !== undefined)
    return { unit: "ops/s", factor: 1000 / msPer(rate, "scoreUnit"), better: "higher" };
  if (perOp !== undefined && mode !== "thrpt")
    return { unit: "ms", factor: msPer(perOp, "scoreUnit"), better: "lower" };
  throw new FieldProblem(`"${text}" is no unit of the mode ${mode}`);
}

/** All iterations; a list of forks, or of forks with histograms, which are left out. */
function rawOf(value: unknown, name: string): number[] {
  if (value === undefined) return [];
  const samples: number[] = [];
  for (const fork of listAt(value, `the rawData of ${name}`))
    for (const one of listAt(fork, `the rawData of ${name}`))
      if (!Array.isArray(one)) samples.push(numberAt(one, `the rawData of ${name}`));
  return samples;
}

function parametersOf(value: unknown): string {
  if (!isFields(value)) return "";
  return ` {${Object.entries(value)
    .map(([key, setting]) => `${key}=${String(setting)}`)
    .join(",")}}`;
}
