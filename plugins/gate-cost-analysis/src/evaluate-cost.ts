import type { GateReason, GateSubject, GateVerdict } from "@floe/core/plugin";
import { cleanText, readReports, requireAgreement, requireEnded } from "@floe/gate-kit";
import type { CostConfig } from "./config.ts";
import { costReasons, money, showPercent } from "./cost-reasons.ts";
import { type Cost, measureCost } from "./measure-cost.ts";
import { costReaders } from "./readers/cost-readers.ts";

/** Items that evidence keeps, the dearest first: what the next promotion names changes by. */
const MAX_ITEMS = 200;

/**
 * Judges what an artifact costs a month by the reports of a tool.
 *
 * @throws {Error} when it cannot be judged: no report, a damaged or incomplete one, another currency, nothing to compare with.
 */
export async function evaluateCost(
  subject: GateSubject,
  config: CostConfig,
  options: { readonly signal: AbortSignal },
): Promise<GateVerdict> {
  options.signal.throwIfAborted();
  requireEnded(subject.run);
  if (subject.reports.length === 0) {
    throw new Error(
      "there is no report to judge by: let the tool print JSON, or write it into ${FLOE_GATE_DIR} and list the file under reports",
    );
  }
  const reports = await readReports(subject.reports, costReaders, options);
  const cost = measureCost(reports, config, subject.baseline ?? null);
  const reasons = costReasons(cost, reports, config);
  const status = reasons.some(({ level }) => level === "fail")
    ? "failed"
    : reasons.length > 0
      ? "warning"
      : "passed";
  requireAgreement(subject.run, status);
  const unpriced = reports.reduce((sum, report) => sum + report.unpriced, 0);
  return {
    status,
    summary: summarise(cost, reasons),
    ...(reasons.length === 0 ? {} : { reasons }),
    metrics: {
      monthly: cost.monthly.toNumber(),
      ...(cost.previous === null ? {} : { previous: cost.previous.toNumber() }),
      ...(cost.change === null ? {} : { change: cost.change.toNumber() }),
      resources: reports.reduce((sum, report) => sum + report.resources, 0),
      unpriced_resources: unpriced,
    },
    details: {
      currency: cost.currency === null ? null : cleanText(cost.currency, 10),
      monthly: cost.monthly.toFixed(),
      previous: cost.previous?.toFixed() ?? null,
      change: cost.change?.toFixed() ?? null,
      change_percent: cost.changePercent?.toFixed(2) ?? null,
      against: config.against,
      items: cost.items
        .toSorted((a, b) => b.monthly.comparedTo(a.monthly))
        .slice(0, MAX_ITEMS)
        .map(({ name, monthly }) => ({ name: cleanText(name), monthly: monthly.toFixed() })),
      reports: reports.slice(0, 50).map(({ path, format }) => ({ path: cleanText(path), format })),
    },
  };
}

function summarise(cost: Cost, reasons: readonly GateReason[]): string {
  const now = `${money(cost, cost.monthly)} a month`;
  // What is refused says what was measured and what the limit is.
  const [refusal, ...others] = reasons.filter(({ level }) => level === "fail");
  if (refusal)
    return others.length === 0 ? refusal.message : `${refusal.message} (and ${others.length} more)`;
  if (cost.change === null) {
    const alone = reasons.some(({ code }) => code === "COST_NO_BASELINE");
    return alone ? `${now}; there is nothing to compare it with yet` : now;
  }
  if (cost.change.isZero()) return `${now}, as ${cost.previousOf}`;
  const direction = cost.change.isNegative() ? "less" : "more";
  return `${now}, ${money(cost, cost.change.abs())} ${direction} than ${cost.previousOf} (${showPercent(cost.changePercent)})`;
}
