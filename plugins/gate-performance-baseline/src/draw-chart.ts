import { cleanText } from "@floe/gate-kit";
import { type Comparison, centre } from "./compare-metrics.ts";
import type { Selected } from "./select-metrics.ts";
import { showChange, showValue } from "./units.ts";

const WIDTH = 24;
const MAX_ROWS = 12;

/**
 * Draws before and after as bars, a line each, in ASCII: it looks the same in a terminal, a log and a web page. The longer
 * bar of a pair fills the width.
 */
export function drawChart(
  selected: readonly Selected[],
  compared: readonly Comparison[],
): string[] {
  const pairs = new Map(compared.map((one) => [one.selected.measurement.name, one]));
  const lines = selected.slice(0, MAX_ROWS).flatMap(({ measurement }) => {
    const pair = pairs.get(measurement.name);
    const { unit } = measurement;
    const now = centre(measurement);
    const name = cleanText(measurement.name, 60);
    if (pair === undefined) return [name, row("now", now, now, unit)];
    const change = showChange(now === pair.from ? 0 : (now - pair.from) / pair.from);
    const largest = Math.max(now, pair.from);
    return [
      name,
      row("before", pair.from, largest, unit),
      `${row("now", now, largest, unit)}  ${change}${WORDS[pair.outcome]}`,
    ];
  });
  const more = selected.length - MAX_ROWS;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

const WORDS = {
  same: "",
  worse: "  worse",
  better: "  much better",
  uncertain: "  not certain",
  few: "  too few samples",
} as const;

function row(label: string, value: number, largest: number, unit: string): string {
  const length = largest === 0 ? 0 : Math.round((value / largest) * WIDTH);
  const bar = "#".repeat(Math.max(length, value > 0 ? 1 : 0)).padEnd(WIDTH, ".");
  return `  ${label.padEnd(6)} ${bar} ${showValue(value, unit)}`;
}
