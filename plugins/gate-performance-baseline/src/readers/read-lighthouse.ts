import type { Measurement, ReadReport } from "../performance-report.ts";
import {
  FieldProblem,
  type Fields,
  fieldsAt,
  isFields,
  numberAt,
  textAt,
  wordsOf,
} from "../read-fields.ts";
import { msPer } from "../units.ts";

const PRIMARY = new Set([
  ...["first-contentful-paint", "largest-contentful-paint", "total-blocking-time"],
  ...["speed-index", "cumulative-layout-shift"],
]);

/**
 * Reads a Lighthouse result, as `lhci collect` leaves one a run (`.lighthouseci/lhr-*.json`).
 * @throws {FieldProblem} Lighthouse could not load the page, or it is not as Lighthouse writes it
 */
export function readLighthouse(report: Fields): ReadReport {
  const error = report["runtimeError"];
  if (isFields(error) && error["code"] !== "NO_ERROR")
    throw new FieldProblem(
      `Lighthouse could not judge the page: ${textAt(error["code"], "runtimeError.code")}`,
    );
  const measurements: Measurement[] = [];
  const categories = isFields(report["categories"]) ? report["categories"] : {};
  for (const [id, value] of Object.entries(categories))
    measurements.push(score(id, fieldsAt(value, `categories.${id}`)["score"]));
  for (const [id, value] of Object.entries(fieldsAt(report["audits"], "audits"))) {
    const audit = fieldsAt(value, `audits.${id}`);
    if (audit["numericValue"] === undefined) continue;
    const number = numberAt(audit["numericValue"], `audits.${id}.numericValue`);
    measurements.push(numeric(id, number, audit["numericUnit"]));
  }
  const warnings = Array.isArray(report["runWarnings"]) ? report["runWarnings"] : [];
  const settings = isFields(report["configSettings"]) ? report["configSettings"] : {};
  return {
    measurements,
    comparability: wordsOf({
      target: report["requestedUrl"] ?? report["finalUrl"],
      version: String(report["lighthouseVersion"]).split(".")[0],
      form_factor: settings["formFactor"],
      throttling: settings["throttlingMethod"],
    }),
    notes: warnings.map((text) => `Lighthouse warns: ${textAt(text, "runWarnings")}`),
  };
}

/** Reads the list of runs that `lhci collect` keeps as `manifest.json`. @throws {FieldProblem} */
export function readLighthouseManifest(report: readonly unknown[]): ReadReport {
  const runs = new Map<string, number[]>();
  for (const [index, entry] of report.entries()) {
    const run = fieldsAt(entry, `[${index}]`);
    const url = textAt(run["url"], `[${index}].url`);
    for (const [id, value] of Object.entries(fieldsAt(run["summary"], `[${index}].summary`))) {
      const name = `${url} ${id}`;
      const scores = runs.get(name) ?? [];
      scores.push(numberAt(value, `[${index}].summary.${id}`));
      runs.set(name, scores);
    }
  }
  return {
    measurements: [...runs].map(([name, samples]) => ({
      ...score(name, 0),
      value: samples.reduce((least, one) => Math.min(least, one)),
      samples,
      primary: name.endsWith(" performance"),
    })),
  };
}

function score(id: string, value: unknown): Measurement {
  const number = numberAt(value, `the score of ${id}`);
  if (number > 1) throw new FieldProblem(`the score of ${id} is ${number}, not a share of 1`);
  return {
    name: `score.${id}`,
    unit: "",
    better: "higher",
    value: number,
    samples: [],
    primary: id === "performance",
  };
}

function numeric(id: string, number: number, unit: unknown): Measurement {
  const primary = PRIMARY.has(id);
  const [name, factor, isSize]: readonly [string, number, boolean] =
    unit === "millisecond"
      ? ["ms", 1, true]
      : unit === "second"
        ? ["ms", msPer("s", id), true]
        : [unit === "byte" ? "bytes" : "", 1, unit === "byte"];
  // Of a number without a unit only Lighthouse knows whether more of it is worse.
  const better = primary || isSize ? "lower" : null;
  return { name: id, unit: name, better, value: number * factor, samples: [], primary };
}
