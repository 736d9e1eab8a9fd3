import { type Budget, renderBudget } from "./budget.ts";
import { type Measured, median } from "./race.ts";

const HEAD = ["", "n", "median ms", "min\u2013max", "floe \u00f7 peer", "requests"] as const;

/**
 * Renders a section of the report. A row of floe's shows its median divided by each peer's, in the order of the peers;
 * below the rows it is said which budgets were met.
 */
export function renderTable(
  title: string,
  measured: readonly Measured[],
  budgets: readonly Budget[] = [],
): string {
  const peers = measured.filter(({ side }) => side === "peer").map(({ times }) => median(times));
  const rows = measured.map(({ name, side, times, requests }) => {
    const middle = median(times);
    return [
      name,
      String(times.length),
      milliseconds(middle),
      `${milliseconds(times[0] ?? 0)}\u2013${milliseconds(times.at(-1) ?? 0)}`,
      side === "floe" ? peers.map((peer) => (middle / peer).toFixed(2)).join(" / ") : "",
      requests === null ? "" : String(requests),
    ];
  });
  const lines = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
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
  return value.toFixed(value < 10 ? 1 : 0);
}
