import { cleanText, type ReportContent, ReportProblem, readShape } from "@floe/gate-kit";
import { z } from "zod";
import { type Amount, higher, isAbout, optionalAmount, showAmount, sum, ZERO } from "../amount.ts";
import type { CostItem, CostReport } from "../cost-report.ts";

const Component = z.object({
  monthlyCost: optionalAmount,
  priceNotFound: z.boolean().nullish(),
});

const Resource = z.object({
  name: z.string(),
  monthlyCost: optionalAmount,
  costComponents: z.array(Component).nullish(),
  get subresources() {
    return z.array(Resource).nullish();
  },
});
type Resource = z.output<typeof Resource>;

const Breakdown = z.object({
  resources: z.array(Resource).nullish(),
  totalMonthlyCost: optionalAmount,
});
type Breakdown = z.output<typeof Breakdown>;

const Report = z.object({
  version: z.string(),
  currency: z.string().nullish(),
  metadata: z.object({ infracostCommand: z.string().nullish() }).nullish(),
  projects: z.array(
    z.object({
      name: z.string(),
      metadata: z
        .object({
          errors: z
            .array(z.object({ code: z.number().nullish(), message: z.string().nullish() }))
            .nullish(),
        })
        .nullish(),
      pastBreakdown: Breakdown.nullish(),
      breakdown: Breakdown.nullish(),
    }),
  ),
  totalMonthlyCost: optionalAmount,
  pastTotalMonthlyCost: optionalAmount,
  diffTotalMonthlyCost: optionalAmount,
  summary: z.object({ totalUnsupportedResources: z.int().min(0).nullish() }).nullish(),
});
type Report = z.output<typeof Report>;

/**
 * Reads the JSON of Infracost 0.10 (`version: "0.2"`), of `breakdown` or `diff`.
 *
 * @throws {ReportProblem} when a project could not be estimated, nothing was, or totals contradict one another.
 */
export function readInfracost0(content: ReportContent): CostReport {
  const { path } = content;
  const report = readShape(Report, content.json(), "JSON of Infracost 0.2", path);
  refuseErrors(path, report);
  const breakdowns = report.projects.map((project) => project.breakdown ?? undefined);
  const past = report.projects.map((project) => project.pastBreakdown ?? undefined);
  const listed = sum(breakdowns.map(costOf));
  const total = report.totalMonthlyCost;
  if (total === null && breakdowns.every((one) => (one?.totalMonthlyCost ?? null) === null)) {
    throw new ReportProblem(path, undefined, "it gives no total: nothing was estimated");
  }
  const monthly = total === null ? listed : higher(total, listed);
  const previous = readPrevious(report, past);
  refuseContradiction(path, report, total);

  const resources = breakdowns.flatMap((one) => one?.resources ?? []);
  const unpriced = resources.filter(isUnpriced);
  const unsupported = report.summary?.totalUnsupportedResources ?? 0;
  const differs = total !== null && !isAbout(total, listed);
  return {
    path,
    format: "infracost",
    currency: report.currency ?? null,
    monthly,
    previous,
    items: itemsOf(resources),
    previousItems: itemsOf(past.flatMap((one) => one?.resources ?? [])),
    resources: resources.length + unsupported,
    unpriced: unpriced.length + unsupported,
    unpricedNames: unpriced.map((resource) => resource.name),
    notes: differs
      ? [
          `its total is ${showAmount(total)} and what it lists adds up to ${showAmount(listed)}; the higher one counts`,
        ]
      : [],
  };
}

function refuseErrors(path: string, { projects }: Report): void {
  if (projects.length === 0) {
    throw new ReportProblem(path, undefined, "it lists no project: nothing was estimated");
  }
  const broken = projects.find((project) => (project.metadata?.errors?.length ?? 0) > 0);
  const error = broken?.metadata?.errors?.[0];
  if (broken === undefined || error === undefined) return;
  throw new ReportProblem(
    path,
    undefined,
    `project ${cleanText(broken.name, 120)} could not be estimated (${error.code ?? "no code"} ${cleanText(error.message ?? "no message", 200)}): its total is not complete`,
  );
}

/** `breakdown` without anything to compare with writes 0, which is no earlier cost. */
function readPrevious(report: Report, past: readonly (Breakdown | undefined)[]): Amount | null {
  const listed = past.every((one) => one === undefined) ? null : sum(past.map(costOf));
  const previous = report.pastTotalMonthlyCost ?? listed;
  const compared = report.metadata?.infracostCommand === "diff";
  return previous?.isZero() && !compared && (listed ?? ZERO).isZero() ? null : previous;
}

function refuseContradiction(path: string, report: Report, total: Amount | null): void {
  const { pastTotalMonthlyCost: past, diffTotalMonthlyCost: diff } = report;
  if (total === null || past === null || diff === null) return;
  if (isAbout(total.minus(past), diff)) return;
  throw new ReportProblem(
    path,
    undefined,
    `its totals contradict one another: ${showAmount(total)} now, ${showAmount(past)} before, a difference of ${showAmount(diff)}`,
  );
}

/** The higher of what a breakdown says in all, and what it lists. */
function costOf(breakdown: Breakdown | undefined): Amount {
  if (breakdown === undefined) return ZERO;
  const listed = sum((breakdown.resources ?? []).map(resourceCost));
  return breakdown.totalMonthlyCost === null ? listed : higher(breakdown.totalMonthlyCost, listed);
}

function resourceCost(resource: Resource): Amount {
  const parts = [
    ...(resource.costComponents ?? []).flatMap((one) => one.monthlyCost ?? []),
    ...(resource.subresources ?? []).map(resourceCost),
  ];
  const listed = sum(parts);
  return resource.monthlyCost === null ? listed : higher(resource.monthlyCost, listed);
}

function isUnpriced(resource: Resource): boolean {
  const components = resource.costComponents ?? [];
  return (
    components.some((one) => one.monthlyCost === null || one.priceNotFound === true) ||
    (resource.subresources ?? []).some(isUnpriced)
  );
}

function itemsOf(resources: readonly Resource[]): CostItem[] {
  return resources.map((resource) => ({ name: resource.name, monthly: resourceCost(resource) }));
}
