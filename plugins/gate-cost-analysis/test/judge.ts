import type { GateBaseline, GateReport, GateRun, GateVerdict } from "@floe/core/plugin";
import { fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import { CostConfig } from "../src/config.ts";
import { evaluateCost } from "../src/evaluate-cost.ts";

/** What {@link judge} can be given besides the reports. */
export interface Circumstances {
  readonly config?: Record<string, unknown>;
  readonly run?: Partial<GateRun>;
  readonly baseline?: GateBaseline | null;
}

/** Judges reports, given as values, text, bytes or files. */
export async function judge(
  reports: readonly unknown[],
  { config = {}, run = {}, baseline = null }: Circumstances = {},
): Promise<GateVerdict> {
  const files = reports.map((report, index): GateReport => {
    const content =
      typeof report === "string" || report instanceof Uint8Array ? report : JSON.stringify(report);
    return fakeReport(`cost-${index + 1}.json`, content);
  });
  const subject = { ...fakeSubject({ run: fakeRun(run), reports: files }), baseline };
  return evaluateCost(subject, CostConfig.parse(config), { signal: new AbortController().signal });
}

/** Evidence of the version that runs in the target environment. */
export function baseline(details: GateBaseline["details"]): GateBaseline {
  return {
    digest: `sha256:${"b".repeat(64)}`,
    version: "v1.0.0",
    judgedAt: new Date("2026-01-01T00:00:00Z"),
    status: "passed",
    metrics: {},
    details,
    reports: [],
  };
}
