import { type ReportContent, ReportProblem, readShape } from "@floe/gate-kit";
import { z } from "zod";
import { optionalAmount } from "../amount.ts";
import type { CostReport } from "../cost-report.ts";

// Strict, unlike formats of tools: a misspelled `previous` must not go by unseen.
const Generic = z.strictObject({
  currency: z.string().nullish(),
  monthly: optionalAmount,
  previous: optionalAmount,
  items: z.array(z.strictObject({ name: z.string(), monthly: optionalAmount })).nullish(),
});

/**
 * Reads `{"currency": "USD", "monthly": "123.45", "previous": "100", "items": [{"name", "monthly"}]}`, for every tool
 * without a format here.
 *
 * @throws {ReportProblem} when it does not say what is spent a month.
 */
export function readGeneric(content: ReportContent): CostReport {
  const { path } = content;
  const report = readShape(Generic, content.json(), "the generic format of costs", path);
  if (report.monthly === null) {
    throw new ReportProblem(path, undefined, "monthly is null: what it costs is not known");
  }
  const items = report.items ?? [];
  const unpriced = items.filter((item) => item.monthly === null);
  return {
    path,
    format: "generic",
    currency: report.currency ?? null,
    monthly: report.monthly,
    previous: report.previous,
    items: items.flatMap(({ name, monthly }) => (monthly === null ? [] : [{ name, monthly }])),
    previousItems: [],
    resources: items.length,
    unpriced: unpriced.length,
    unpricedNames: unpriced.map((item) => item.name),
    notes: [],
  };
}
