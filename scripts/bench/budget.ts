import { type Measured, median } from "./race.ts";

/** What a row of floe's is meant to stay within, measured against peers of the same section. */
export type Budget =
  | {
      readonly kind: "time";
      /** Name of floe's row. */
      readonly row: string;
      /** Name of the peer's row. */
      readonly of: string;
      /** floe's median divided by the peer's. */
      readonly most: number;
    }
  | {
      readonly kind: "milliseconds";
      readonly row: string;
      /** floe's median. */
      readonly most: number;
    }
  | {
      readonly kind: "most-requests";
      readonly row: string;
      readonly most: number;
    }
  | {
      readonly kind: "requests";
      readonly row: string;
      /** Fewer than each of these. */
      readonly below: readonly string[];
    };

/** Says in one line whether a budget was met, with the numbers. It decides nothing: machines differ, and so do loads. */
export function renderBudget(budget: Budget, measured: readonly Measured[]): string {
  const find = (name: string): Measured => {
    const found = measured.find((row) => row.name === name);
    if (found === undefined) throw new Error(`there is no row ${name}`);
    return found;
  };
  const own = find(budget.row);
  if (budget.kind === "time") {
    const ratio = median(own.times) / median(find(budget.of).times);
    const verdict = ratio <= budget.most ? "met" : "NOT met";
    return `budget, ${own.name} at most ${budget.most} \u00d7 ${budget.of}: ${ratio.toFixed(2)}, ${verdict}`;
  }
  if (budget.kind === "milliseconds") {
    const middle = median(own.times);
    const verdict = middle <= budget.most ? "met" : "NOT met";
    return `budget, ${own.name} at most ${budget.most} ms: ${middle.toFixed(2)}, ${verdict}`;
  }
  if (budget.kind === "most-requests") {
    const verdict = (own.requests ?? Number.NaN) <= budget.most ? "met" : "NOT met";
    return `budget, ${own.name} with at most ${budget.most} requests: ${own.requests}, ${verdict}`;
  }
  const others = budget.below.map((name) => find(name).requests ?? Number.NaN);
  const fewer = others.every((count) => (own.requests ?? Number.NaN) < count);
  const names = budget.below.join(" and ");
  return `budget, ${own.name} with fewer requests than ${names}: ${own.requests} to ${others.join(" and ")}, ${fewer ? "met" : "NOT met"}`;
}
