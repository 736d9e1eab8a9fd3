import type { GateReason } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { Comparison } from "./compare-metrics.ts";
import { centre } from "./compare-metrics.ts";
import type { Selected } from "./select-metrics.ts";
import { showChange, showValue } from "./units.ts";

const MAX_REASONS = 200;

/** Metrics beyond their absolute limits. */
export function limitReasons(all: readonly Selected[]): GateReason[] {
  return all.flatMap(({ measurement, better, max }): GateReason[] => {
    const value = centre(measurement);
    if (max === null || (better === "lower" ? value <= max : value >= max)) return [];
    const { unit } = measurement;
    const name = cleanText(measurement.name);
    return [
      {
        code: "PERF_LIMIT",
        level: "fail",
        message: `${name} is ${showValue(value, unit)}; the limit is ${better === "lower" ? "at most" : "at least"} ${showValue(max, unit)}`,
        subject: name,
        measured: value,
        limit: max,
        fix: "Make it faster, or change max of this metric.",
      },
    ];
  });
}

/** What the comparison with `against`, which is described so, came to. */
export function comparisonReasons(
  compared: readonly Comparison[],
  against: string,
  minSamples: number,
): GateReason[] {
  return compared.slice(0, MAX_REASONS).flatMap((one): GateReason[] => {
    const reason = reasonOf(one, against, minSamples);
    return reason === null ? [] : [reason];
  });
}

function reasonOf(one: Comparison, against: string, minSamples: number): GateReason | null {
  const { selected, counts, outcome } = one;
  const name = cleanText(selected.measurement.name);
  const numbers = `${name} is ${describe(one)} ${against}`;
  const limit = limitOf(selected);
  switch (outcome) {
    case "same":
      return null;
    case "worse":
      return {
        ...{ code: "PERF_REGRESSION", level: "fail", subject: name, limit },
        message: `${numbers}; the limit is ${limit}. Chance alone gives that with p = ${one.p.toPrecision(2)} (n ${counts.join("/")}, effect ${one.effect.toFixed(2)})`,
        measured: showChange(one.worse),
        where: against,
        fix: "Find what made it slower. Where that is wanted, raise the limit of this metric, or override the gate once.",
      };
    case "uncertain":
      return {
        ...{ code: "PERF_INCONCLUSIVE", level: "warn", subject: name, limit },
        message: `${numbers}, beyond the limit of ${limit}, and may be chance (p = ${one.p.toPrecision(2)}, n ${counts.join("/")})`,
        measured: showChange(one.worse),
        fix: "Measure more samples, on a quieter machine.",
      };
    case "few":
      return {
        ...{ code: "PERF_INCONCLUSIVE", level: "warn", subject: name, limit: minSamples },
        message: `${numbers}; with ${counts.join(" and ")} samples nothing can be told (min_samples: ${minSamples})`,
        measured: Math.min(...counts),
        fix: `Let the command run it ${minSamples} times, each with a report of its own, and set repeat: ${minSamples}.`,
      };
    case "better":
      return {
        ...{ code: "PERF_MUCH_BETTER", level: "warn", subject: name },
        message: `${numbers}: so much better is often a test that does not do its work any more`,
        measured: showChange(one.worse),
        fix: "Look whether the measurement still does the same work.",
      };
  }
}

function describe({ from, to, selected }: Comparison): string {
  const { unit } = selected.measurement;
  const change = showChange(to === from ? 0 : (to - from) / from);
  return `${showValue(to, unit)}, before ${showValue(from, unit)} (${change}),`.replace(/,$/, "");
}

function limitOf({
  better,
  maxRegressionPercent,
  maxRegressionAbs,
  measurement,
}: Selected): string {
  const sign = better === "lower" ? "+" : "-";
  const percent = `${sign}${maxRegressionPercent} %`;
  return maxRegressionAbs === 0
    ? percent
    : `${percent} and ${sign}${showValue(maxRegressionAbs, measurement.unit)}`;
}
