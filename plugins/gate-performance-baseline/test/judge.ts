import type { GateBaseline, GateReport, GateVerdict } from "@floe/core/plugin";
import { fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import { PerformanceConfig } from "../src/config.ts";
import { evaluatePerformance } from "../src/evaluate-performance.ts";

/** What {@link judge} can be given besides the reports. */
export interface Circumstances {
  readonly config?: Record<string, unknown>;
  readonly baseline?: GateBaseline | null;
}

/** Judges reports, given as content or as files. */
export function judge(
  reports: readonly (string | Uint8Array | GateReport)[],
  { config = {}, baseline = null }: Circumstances = {},
): GateVerdict {
  const subject = fakeSubject({ run: fakeRun(), reports: files(reports), baseline });
  return evaluatePerformance(subject, PerformanceConfig.parse(config), {
    signal: new AbortController().signal,
  });
}

/** Report files of some contents. */
function files(reports: readonly (string | Uint8Array | GateReport)[]): GateReport[] {
  return reports.map((report, index) =>
    typeof report === "string" || report instanceof Uint8Array
      ? fakeReport(`run-${index + 1}`, report)
      : report,
  );
}

/** The evidence that a verdict on some reports leaves; without the reports where they were too large to keep. */
export function evidence(
  reports: readonly (string | Uint8Array | GateReport)[],
  init: Circumstances & {
    readonly verdict?: GateVerdict;
    readonly keepsReports?: boolean;
  } & Partial<Pick<GateBaseline, "digest" | "version" | "status">> = {},
): GateBaseline {
  const verdict = init.verdict ?? judge(reports, init);
  return {
    digest: init.digest ?? `sha256:${"b".repeat(64)}`,
    version: init.version ?? "v1.0.0",
    judgedAt: new Date("2026-03-01T00:00:00Z"),
    status: init.status ?? verdict.status,
    metrics: verdict.metrics ?? {},
    // As it comes back from the registry.
    details: JSON.parse(JSON.stringify(verdict.details)),
    reports: init.keepsReports === false ? [] : files(reports),
  };
}

/** A report in floe's own form with one metric. */
export function generic(
  samples: readonly number[],
  more: Record<string, unknown> = {},
  name = "checkout",
): string {
  const metrics = [{ name, unit: "ms", better: "lower", samples }];
  return JSON.stringify({ floe_performance: 1, metrics, ...more });
}

/** Codes of a verdict's reasons. */
export function codes(verdict: GateVerdict): string[] {
  return (verdict.reasons ?? []).map(({ code }) => code);
}

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed measurements, with noise as a share of the mean. */
export function noisy(random: () => number, count: number, mean: number, noise: number): number[] {
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, mean * (1 + noise * normal));
  });
}
