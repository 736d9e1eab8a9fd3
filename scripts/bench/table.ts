import { type Budget, renderBudget } from "./budget.ts";
import { type Measured, median } from "./race.ts";

/** From so many rounds on there is a slowest one in a hundred. */
const FOR_P99 = 100;

/**
 * Renders a section of the report. A row of floe's shows its median divided by each peer's, in the order of the peers.
 * Of a hundred rounds and more the slowest one in a hundred is shown too (p99). Below the rows it is said which budgets were met.
 */
export function renderTable(
  title: string,
  measured: readonly Measured[],
  budgets: readonly Budget[] = [],
): string {
  const peers = measured.filter(({ side }) => side === "peer").map(({ times }) => median(times));
  const p99 = measured.some(({ times }) => times.length >= FOR_P99);
  const head = [
    ...["", "n", "median ms"],
    ...(p99 ? ["p99 ms"] : []),
    ...["min\u2013max", "floe \u00f7 peer", "requests"],
  ];
  const rows = measured.map(({ name, side, times, requests }) => {
    const middle = median(times);
    return [
      name,
      String(times.length),
      milliseconds(middle),
      ...(p99 ? [times.length < FOR_P99 ? "" : milliseconds(percentile(times, 0.99))] : []),
      `${milliseconds(times[0] ?? 0)}\u2013${milliseconds(times.at(-1) ?? 0)}`,
      side === "floe" ? peers.map((peer) => (middle / peer).toFixed(2)).join(" / ") : "",
      requests === null ? "" : String(requests),
    ];
  });
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const rendered = lines.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const judged = budgets.map((budget) => renderBudget(budget, measured));
  return [title, ...[...rendered, ...judged].map((line) => `  ${line}`)].join("\n");
}

function milliseconds(value: number): string {
  return value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0);
}

function percentile(ascending: readonly number[], part: number): number {
  return ascending[Math.ceil(ascending.length * part) - 1] ?? 0;
}
