import { median } from "../median.ts";
import type { Direction, Measurement } from "../performance-report.ts";

/** A time in milliseconds, of which the report has one number. */
export function timing(name: string, value: number, primary = false): Measurement {
  return { name, unit: "ms", better: "lower", value, samples: [], primary };
}

/** Requests per second, of which the report has one number. */
export function throughput(value: number, name = "requests_per_second"): Measurement {
  return { name, unit: "requests/s", better: "higher", value, samples: [], primary: true };
}

/** A measurement with its samples; the median is its value unless the tool shows another. */
export function sampled(
  name: string,
  unit: string,
  better: Direction | null,
  samples: readonly number[],
  value = median(samples),
): Measurement {
  return { name, unit, better, value, samples, primary: better !== null };
}

/** Times for `names` that are there, from a map of them; the first of `primary` that is there is judged by default. */
export function timings(
  found: Readonly<Record<string, number | null>>,
  primary: readonly string[],
): Measurement[] {
  const chosen = primary.find((name) => typeof found[name] === "number");
  return Object.entries(found).flatMap(([name, value]) =>
    value === null ? [] : [timing(name, value, name === chosen)],
  );
}
