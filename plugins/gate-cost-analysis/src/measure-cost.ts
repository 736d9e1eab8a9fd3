import type { GateBaseline } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import { type Amount, parseAmount, sum } from "./amount.ts";
import type { CostConfig } from "./config.ts";
import type { CostItem, CostReport } from "./cost-report.ts";

/** What all reports come to, and what it is compared with. */
export interface Cost {
  readonly currency: string | null;
  readonly monthly: Amount;
  readonly previous: Amount | null;
  /** Whose cost `previous` is, for messages. */
  readonly previousOf: string;
  /** `null` where there is nothing to compare with. */
  readonly change: Amount | null;
  /** `null` also where it cost nothing before. */
  readonly changePercent: Amount | null;
  readonly items: readonly CostItem[];
  readonly previousItems: readonly CostItem[];
}

/**
 * Adds up the reports and finds what they are compared with.
 *
 * @throws {Error} for another currency, for a limit on an increase that nobody can know, and for amounts below zero.
 */
export function measureCost(
  reports: readonly CostReport[],
  config: CostConfig,
  baseline: GateBaseline | null,
): Cost {
  const currency = readCurrency(reports, config);
  const monthly = sum(reports.map((report) => report.monthly));
  if (monthly.isNegative() && !monthly.isZero()) {
    throw new Error(`the reports come to ${monthly.toFixed()} a month: nothing costs less than 0`);
  }
  const base = findPrevious(reports, config, baseline, currency);
  const change = base.previous === null ? null : monthly.minus(base.previous);
  return {
    currency,
    monthly,
    ...base,
    change,
    changePercent:
      change === null || base.previous === null || base.previous.isZero()
        ? null
        : change.dividedBy(base.previous).times(100),
    items: reports.flatMap((report) => report.items),
  };
}

function readCurrency(reports: readonly CostReport[], config: CostConfig): string | null {
  const [first, other] = [...new Set(reports.map((report) => report.currency))];
  if (other !== undefined) {
    throw new Error(
      `the reports are in different currencies: ${show(first)} and ${show(other)}; floe does not convert`,
    );
  }
  if (config.currency !== undefined && first !== config.currency) {
    throw new Error(
      `the report is in ${show(first)}, and currency is ${config.currency}: let the tool write ${config.currency}; floe does not convert`,
    );
  }
  return first ?? null;
}

function show(currency: string | null | undefined): string {
  return currency === null || currency === undefined
    ? "a currency that it does not name"
    : cleanText(currency, 10);
}

function findPrevious(
  reports: readonly CostReport[],
  config: CostConfig,
  baseline: GateBaseline | null,
  currency: string | null,
): Pick<Cost, "previous" | "previousOf" | "previousItems"> {
  const none = { previous: null, previousOf: "", previousItems: [] };
  if (config.against === "none") return none;
  if (config.against === "target_env") {
    return baseline === null ? none : readBaseline(baseline, currency);
  }
  const silent = reports.find((report) => report.previous === null);
  if (silent === undefined) {
    return {
      previous: sum(reports.flatMap((report) => report.previous ?? [])),
      previousOf: "before, by the report",
      previousItems: reports.flatMap((report) => report.previousItems),
    };
  }
  const limit = (["max_increase", "max_increase_percent"] as const).find(
    (key) => config[key] !== undefined,
  );
  if (limit === undefined) return none;
  throw new Error(
    `${limit} cannot be judged: ${cleanText(silent.path)} does not say what it cost before. Let the tool compare (infracost diff --compare-to), or set against: target_env`,
  );
}

function readBaseline(
  { details, version }: GateBaseline,
  currency: string | null,
): Pick<Cost, "previous" | "previousOf" | "previousItems"> {
  const previous = parseAmount(details["monthly"]);
  if (previous === null) {
    throw new Error(
      `the evidence about ${cleanText(version)}, which runs in the target environment, does not say what it costs: promote it once more, or set against: none`,
    );
  }
  const before = details["currency"] ?? null;
  if (before !== currency) {
    throw new Error(
      `${cleanText(version)}, which runs in the target environment, was priced in ${show(typeof before === "string" ? before : null)} and this is in ${show(currency)}; floe does not convert`,
    );
  }
  return {
    previous,
    previousOf: cleanText(version, 100),
    previousItems: readItems(details["items"]),
  };
}

function readItems(value: unknown): CostItem[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null || !("name" in item) || !("monthly" in item)) {
      return [];
    }
    const monthly = parseAmount(item.monthly);
    return typeof item.name === "string" && monthly !== null ? [{ name: item.name, monthly }] : [];
  });
}
