import { median } from "../median.ts";
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

const KEYS = [
  "floe_performance",
  "tool",
  "requests",
  "failed",
  "duration_ms",
  "comparability",
  "metrics",
];
const METRIC_KEYS = ["name", "unit", "better", "value", "samples"];

/** Reads floe's own form, for tools that are not known: see the plugin's README. @throws {FieldProblem} */
export function readGeneric(report: Fields): ReadReport {
  if (report["floe_performance"] !== 1)
    throw new FieldProblem("floe_performance is not 1, the only version of this form");
  refuseOthers(report, KEYS, "the report");
  const requests = optionalNumberAt(report["requests"], "requests");
  const comparability = isFields(report["comparability"]) ? report["comparability"] : {};
  return {
    measurements: listAt(report["metrics"], "metrics").map((entry, index) =>
      readMetric(fieldsAt(entry, `metrics[${index}]`), `metrics[${index}]`),
    ),
    load:
      requests === null
        ? null
        : {
            requests,
            failed: optionalNumberAt(report["failed"], "failed"),
            durationMs: optionalNumberAt(report["duration_ms"], "duration_ms"),
          },
    comparability: { ...wordsOf(comparability), ...wordsOf({ tool: report["tool"] }) },
  };
}

function readMetric(metric: Fields, where: string): Measurement {
  refuseOthers(metric, METRIC_KEYS, where);
  const better = metric["better"];
  if (better !== "lower" && better !== "higher")
    throw new FieldProblem(`${where}.better is neither lower nor higher`);
  const samples = listAt(metric["samples"] ?? [], `${where}.samples`).map((value, at) =>
    numberAt(value, `${where}.samples[${at}]`),
  );
  const value = optionalNumberAt(metric["value"], `${where}.value`);
  if (value === null && samples.length === 0)
    throw new FieldProblem(`${where} has neither value nor samples`);
  return {
    name: textAt(metric["name"], `${where}.name`),
    unit: metric["unit"] === undefined ? "" : textAt(metric["unit"], `${where}.unit`),
    better,
    value: value ?? median(samples),
    samples,
    primary: true,
  };
}

function refuseOthers(fields: Fields, known: readonly string[], where: string): void {
  const other = Object.keys(fields).find((key) => !known.includes(key));
  if (other !== undefined) throw new FieldProblem(`${where} has the unknown key ${other}`);
}
