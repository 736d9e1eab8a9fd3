import type { Amount } from "./amount.ts";

/** What one thing costs a month. */
export interface CostItem {
  readonly name: string;
  readonly monthly: Amount;
}

/** What a report says, whatever its format. */
export interface CostReport {
  readonly path: string;
  readonly format: string;
  /** `null` where the report names none. */
  readonly currency: string | null;
  readonly monthly: Amount;
  /** What it cost before, by the report's own word. */
  readonly previous: Amount | null;
  readonly items: readonly CostItem[];
  /** The items of before; empty where the report lists none. */
  readonly previousItems: readonly CostItem[];
  /** Resources, priced or not. */
  readonly resources: number;
  /** Resources of which at least a part has no price, with those that the tool does not support. */
  readonly unpriced: number;
  /** Names of some of them. */
  readonly unpricedNames: readonly string[];
  /** What is odd about the report. */
  readonly notes: readonly string[];
}
