import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  type Fields,
  fieldsAt,
  isFields,
  listAt,
  numberAt,
  textAt,
} from "../read-fields.ts";
import { sampled } from "./measure.ts";

/** Reads `hyperfine --export-json`: seconds. @throws {FieldProblem} a command failed, or it is not as hyperfine writes it */
export function readHyperfine(report: Fields): ReadReport {
  const measurements: Measurement[] = [];
  for (const [index, entry] of listAt(report["results"], "results").entries()) {
    const where = `results[${index}]`;
    const result = fieldsAt(entry, where);
    const name = textAt(result["command"], `${where}.command`) + parametersOf(result["parameters"]);
    const codes = listAt(result["exit_codes"], `${where}.exit_codes`);
    const bad = codes.filter((code) => code !== 0);
    if (bad.length > 0) {
      throw new FieldProblem(
        `${bad.length} of ${codes.length} runs of "${name}" failed (exit status ${[...new Set(bad)].join(", ")}): a failing command says nothing about speed`,
      );
    }
    const times = result["times"];
    const samples =
      times === undefined || times === null
        ? []
        : listAt(times, `${where}.times`).map(
            (time, at) => numberAt(time, `${where}.times[${at}]`) * 1000,
          );
    if (samples.length > 0 && samples.length !== codes.length)
      throw new FieldProblem(`${where} has ${samples.length} times and ${codes.length} exit codes`);
    const median = numberAt(result["median"] ?? result["mean"], `${where}.median`) * 1000;
    measurements.push(sampled(name, "ms", "lower", samples, median));
  }
  return { measurements };
}

function parametersOf(value: unknown): string {
  if (!isFields(value)) return "";
  const words = Object.entries(value).map(([key, setting]) => `${key}=${String(setting)}`);
  return words.length === 0 ? "" : ` {${words.join(",")}}`;
}
