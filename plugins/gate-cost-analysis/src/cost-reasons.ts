import type { GateReason } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import { type Amount, showAmount, ZERO } from "./amount.ts";
import type { CostConfig } from "./config.ts";
import type { CostReport } from "./cost-report.ts";
import type { Cost } from "./measure-cost.ts";

const MAX_LARGEST = 3;
const MAX_NAMED = 5;

/** Everything that is too much, unknown or odd. */
export function costReasons(
  cost: Cost,
  reports: readonly CostReport[],
  config: CostConfig,
): GateReason[] {
  const where = reports
    .slice(0, MAX_LARGEST)
    .map((report) => cleanText(report.path))
    .join(", ");
  return [
    ...limitReasons(cost, config),
    ...increaseReasons(cost, config),
    ...unpricedReasons(reports, config),
    ...oddReasons(cost, reports),
  ].map((reason) => ({ where, ...reason }));
}

function limitReasons(cost: Cost, { max_monthly: limit, budget }: CostConfig): GateReason[] {
  const { monthly } = cost;
  const reasons: GateReason[] = [];
  if (limit !== undefined && monthly.greaterThan(limit)) {
    reasons.push({
      code: "COST_MAX_MONTHLY",
      level: "fail",
      message: `it costs ${money(cost, monthly)} a month, the limit is ${showAmount(limit)} (max_monthly).${largest(cost)}`,
      measured: monthly.toNumber(),
      limit: limit.toNumber(),
      fix: "Make it cheaper, or raise max_monthly.",
    });
  }
  if (budget === undefined) return reasons;
  const warnFrom = budget.monthly.times(budget.warn_at).dividedBy(100);
  const over = monthly.greaterThan(budget.monthly);
  if (!over && monthly.lessThan(warnFrom)) return reasons;
  return [
    ...reasons,
    {
      code: over ? "COST_BUDGET" : "COST_BUDGET_NEAR",
      level: over ? "fail" : "warn",
      message: over
        ? `it costs ${money(cost, monthly)} a month, the budget is ${showAmount(budget.monthly)}.${largest(cost)}`
        : `it costs ${money(cost, monthly)} a month, which is ${budget.warn_at.toFixed()} % or more of the budget of ${showAmount(budget.monthly)}`,
      measured: monthly.toNumber(),
      limit: (over ? budget.monthly : warnFrom).toNumber(),
      fix: over
        ? "Make it cheaper, or raise budget.monthly."
        : "Look for what can be made cheaper.",
    },
  ];
}

function increaseReasons(cost: Cost, config: CostConfig): GateReason[] {
  const { change, changePercent: percent } = cost;
  const { max_increase: max, max_increase_percent: maxPercent } = config;
  if (change === null) {
    if (config.against !== "target_env" || (max ?? maxPercent) === undefined) return [];
    return [
      {
        code: "COST_NO_BASELINE",
        level: "warn",
        message:
          "there is no evidence of what runs in the target environment now: an increase could not be judged",
        fix: "Nothing: this promotion leaves the evidence that the next one is compared with.",
      },
    ];
  }
  const reasons: GateReason[] = [];
  const more = `it costs ${money(cost, change)} a month more than ${cost.previousOf} (${showPercent(percent)})`;
  if (max !== undefined && change.greaterThan(max)) {
    reasons.push({
      code: "COST_INCREASE",
      level: "fail",
      message: `${more}, the limit is ${showAmount(max)} (max_increase).${largest(cost)}`,
      measured: change.toNumber(),
      limit: max.toNumber(),
      fix: "Make the change cheaper, or raise max_increase.",
    });
  }
  if (maxPercent !== undefined && percent?.greaterThan(maxPercent)) {
    reasons.push({
      code: "COST_INCREASE_PERCENT",
      level: "fail",
      message: `${more}, the limit is ${maxPercent.toFixed()} % (max_increase_percent).${largest(cost)}`,
      measured: percent.toDecimalPlaces(1).toNumber(),
      limit: maxPercent.toNumber(),
      fix: "Make the change cheaper, or raise max_increase_percent.",
    });
  }
  if (maxPercent !== undefined && percent === null && change.greaterThan(0)) {
    reasons.push({
      code: "COST_NEW",
      level: "warn",
      message: `${more}: of nothing there is no percentage, so max_increase_percent could not be judged`,
      measured: change.toNumber(),
      fix: "Set max_increase or max_monthly too.",
    });
  }
  return reasons;
}

function unpricedReasons(
  reports: readonly CostReport[],
  { max_unpriced_resources: limit }: CostConfig,
): GateReason[] {
  const unpriced = reports.reduce((sum, report) => sum + report.unpriced, 0);
  if (unpriced <= (limit ?? 0)) return [];
  const all = reports.flatMap((report) => report.unpricedNames);
  const names = all.slice(0, MAX_NAMED).map((name) => cleanText(name, 80));
  return [
    {
      code: "COST_UNPRICED",
      level: limit === undefined ? "warn" : "fail",
      message: `${unpriced} resources have no known cost, at least in part${names.length === 0 ? "" : ` (${names.join(", ")}${unpriced > names.length ? ", …" : ""})`}: the total is a lower bound`,
      measured: unpriced,
      limit: limit ?? 0,
      fix: "Give the tool a usage file, or set max_unpriced_resources to what you accept.",
    },
  ];
}

function oddReasons(cost: Cost, reports: readonly CostReport[]): GateReason[] {
  const notes = reports.flatMap(({ path, notes }) =>
    notes.map(
      (note): GateReason => ({
        code: "COST_REPORT_ODD",
        level: "warn",
        message: `${cleanText(path)}: ${note}`,
        where: cleanText(path),
      }),
    ),
  );
  if (cost.currency === null) {
    notes.push({
      code: "COST_CURRENCY_UNKNOWN",
      level: "warn",
      message: "the report does not name its currency",
      fix: "Let the tool write it.",
    });
  }
  if (cost.monthly.isZero() && cost.previous?.greaterThan(0)) {
    notes.push({
      code: "COST_DROPPED_TO_ZERO",
      level: "warn",
      message: `it costs nothing now, and ${money(cost, cost.previous)} a month ${cost.previousOf}: was everything estimated?`,
      measured: 0,
    });
  }
  return notes;
}

/** Writes an amount with its currency. */
export function money({ currency }: Pick<Cost, "currency">, amount: Amount): string {
  return `${showAmount(amount)}${currency === null ? "" : ` ${cleanText(currency, 10)}`}`;
}

/** Writes a share with its sign. */
export function showPercent(percent: Amount | null): string {
  if (percent === null) return "new";
  return `${percent.isNegative() ? "" : "+"}${percent.toFixed(1)} %`;
}

/** What has become dearer most, or costs most where there is nothing to compare with. */
function largest(cost: Cost): string {
  const before = new Map<string, Amount>();
  for (const { name, monthly } of cost.previousItems) {
    before.set(name, (before.get(name) ?? ZERO).plus(monthly));
  }
  const changes = cost.items
    .map(({ name, monthly }) => ({ name, amount: monthly.minus(before.get(name) ?? ZERO) }))
    .filter(({ amount }) => amount.greaterThan(0))
    .toSorted((a, b) => b.amount.comparedTo(a.amount))
    .slice(0, MAX_LARGEST)
    .map(({ name, amount }) => `${cleanText(name, 80)} ${showAmount(amount)}`);
  return changes.length === 0 ? "" : ` Largest: ${changes.join(", ")}`;
}
