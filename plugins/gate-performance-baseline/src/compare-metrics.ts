import { holm } from "./holm.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { median } from "./median.ts";
import type { Measurement } from "./performance-report.ts";
import type { Selected } from "./select-metrics.ts";

/** How a metric stands to what it was before. */
export interface Comparison {
  readonly selected: Selected;
  readonly before: Measurement;
  readonly from: number;
  readonly to: number;
  /** Share by which it got worse; negative when better, infinite from 0. */
  readonly worse: number;
  readonly counts: readonly [before: number, now: number];
  /** Two-sided, corrected for the number of metrics. */
  readonly p: number;
  /** Cliff's delta, positive when worse. */
  readonly effect: number;
  /**
   * `worse`: both limits passed, and certain. `uncertain`: limits passed, and it may be chance. `few`: too few samples to
   * tell anything. `better`: certain, and more than 30 %.
   */
  readonly outcome: "same" | "worse" | "better" | "uncertain" | "few";
}

/** Chance of a false alarm that is let stand for all metrics of a gate together, on both sides. */
const ALPHA = 0.05;
/** Below this Cliff's delta counts as negligible. */
const MIN_EFFECT = 0.147;
/** So much faster is more often a broken test than good work. */
const SUSPICIOUS = 0.3;

/**
 * Compares metrics with earlier ones of the same names and units; those that were not measured before are left out.
 * `limits` gives another limit in percent than that of the metric.
 */
export function compareMetrics(
  all: readonly Selected[],
  before: ReadonlyMap<string, Measurement>,
  minSamples: number,
  limitPercent?: number,
): Comparison[] {
  const pairs = all.flatMap((selected) => {
    const earlier = before.get(selected.measurement.name);
    return earlier?.unit === selected.measurement.unit ? [{ selected, earlier }] : [];
  });
  const tests = pairs.map(({ selected, earlier }) =>
    mannWhitney(earlier.samples, selected.measurement.samples),
  );
  const corrected = holm(tests.map(({ p }) => p));
  return pairs.map(({ selected, earlier }, index) => {
    const sign = selected.better === "lower" ? 1 : -1;
    const from = centre(earlier);
    const to = centre(selected.measurement);
    const delta = (to - from) * sign;
    const worse =
      delta === 0 ? 0 : from === 0 ? Math.sign(delta) * Number.POSITIVE_INFINITY : delta / from;
    const effect = (tests[index]?.effect ?? 0) * sign;
    const p = corrected[index] ?? 1;
    const counts = [sampleCount(earlier), sampleCount(selected.measurement)] as const;
    const limit = (limitPercent ?? selected.maxRegressionPercent) / 100;
    const isOver = worse > limit && delta > selected.maxRegressionAbs;
    const outcome = ((): Comparison["outcome"] => {
      if (Math.min(...counts) < minSamples) return "few";
      const isCertain = p < ALPHA && Math.abs(effect) >= MIN_EFFECT;
      if (isOver) return isCertain && effect > 0 ? "worse" : "uncertain";
      return isCertain && worse < -SUSPICIOUS ? "better" : "same";
    })();
    return { selected, before: earlier, from, to, worse, counts, p, effect, outcome };
  });
}

/** The number by which a metric is compared: what outliers do not move. */
export function centre(measurement: Measurement): number {
  return measurement.samples.length > 0 ? median(measurement.samples) : measurement.value;
}

function sampleCount({ samples }: Measurement): number {
  return Math.max(1, samples.length);
}
