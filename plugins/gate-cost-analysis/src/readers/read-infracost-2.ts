import { cleanText, type ReportContent, ReportProblem, readShape } from "@floe/gate-kit";
import { z } from "zod";
import { type Amount, higher, isAbout, optionalAmount, showAmount, sum } from "../amount.ts";
import type { CostReport } from "../cost-report.ts";

const Resource = z.object({
  name: z.string(),
  is_supported: z.boolean().nullish(),
  is_free: z.boolean().nullish(),
  cost_components: z.array(z.object({ total_monthly_cost: optionalAmount })).nullish(),
  get subresources() {
    return z.array(Resource).nullish();
  },
});
type Resource = z.output<typeof Resource>;

const Report = z.object({
  currency: z.string().nullish(),
  summary: z.object({ total_monthly_cost: optionalAmount }).nullish(),
  projects: z.array(
    z.object({
      project_name: z.string(),
      resources: z.array(Resource).nullish(),
      diagnostics: z
        .array(z.object({ message: z.string().nullish(), severity: z.string().nullish() }))
        .nullish(),
    }),
  ),
  guardrail_results: z
    .array(z.object({ guardrail_name: z.string(), triggered: z.boolean().nullish() }))
    .nullish(),
  budget_results: z
    .array(z.object({ budget_name: z.string(), over_budget: z.boolean().nullish() }))
    .nullish(),
});

const BROKEN = new Set(["error", "critical"]);

/**
 * Reads the JSON that Infracost 2 writes for a scan. It says nothing of what was before.
 *
 * @throws {ReportProblem} when a project could not be estimated, or nothing was.
 */
export function readInfracost2(content: ReportContent): CostReport {
  const { path } = content;
  const report = readShape(Report, content.json(), "JSON of Infracost 2", path);
  const resources = report.projects.flatMap((project) => project.resources ?? []);
  for (const { project_name, diagnostics } of report.projects) {
    const broken = diagnostics?.find(({ severity }) => BROKEN.has(severity ?? ""));
    if (broken === undefined) continue;
    throw new ReportProblem(
      path,
      undefined,
      `project ${cleanText(project_name, 120)} could not be estimated (${cleanText(broken.message ?? "no message", 200)}): its total is not complete`,
    );
  }
  if (resources.length === 0) {
    throw new ReportProblem(path, undefined, "it lists no resource: nothing was estimated");
  }
  const listed = sum(resources.map(resourceCost));
  const total = report.summary?.total_monthly_cost ?? null;
  const unpriced = resources.filter(isUnpriced);
  return {
    path,
    format: "infracost-2",
    currency: report.currency ?? null,
    monthly: total === null ? listed : higher(total, listed),
    previous: null,
    items: resources.map((one) => ({ name: one.name, monthly: resourceCost(one) })),
    previousItems: [],
    resources: resources.length,
    unpriced: unpriced.length,
    unpricedNames: unpriced.map((one) => one.name),
    notes: [
      ...(total !== null && !isAbout(total, listed)
        ? [
            `its total is ${showAmount(total)} and what it lists adds up to ${showAmount(listed)}; the higher one counts`,
          ]
        : []),
      ...(report.guardrail_results ?? [])
        .filter(({ triggered }) => triggered === true)
        .map((one) => `guardrail ${cleanText(one.guardrail_name, 120)} was triggered`),
      ...(report.budget_results ?? [])
        .filter(({ over_budget }) => over_budget === true)
        .map((one) => `budget ${cleanText(one.budget_name, 120)} is used up`),
    ],
  };
}

/**
 * `infracost inspect` counts what a scan found, and drops what it is made of.
 *
 * @throws {ReportProblem} always.
 */
export function refuseInspect(content: ReportContent): never {
  throw new ReportProblem(
    content.path,
    undefined,
    "it is a summary of infracost inspect, which does not list what was priced: give the JSON of the scan",
  );
}

function resourceCost(resource: Resource): Amount {
  return sum([
    ...(resource.cost_components ?? []).flatMap((one) => one.total_monthly_cost ?? []),
    ...(resource.subresources ?? []).map(resourceCost),
  ]);
}

function isUnpriced(resource: Resource): boolean {
  if (resource.is_free === true) return false;
  return (
    resource.is_supported === false ||
    (resource.cost_components ?? []).some((one) => one.total_monthly_cost === null) ||
    (resource.subresources ?? []).some(isUnpriced)
  );
}
