import type { GateBaseline, PluginJson } from "@floe/core/plugin";
import { z } from "zod";
import { centre } from "./compare-metrics.ts";
import { quantile } from "./median.ts";
import { mergeReports, type Performance } from "./merge-reports.ts";
import type { Measurement } from "./performance-report.ts";
import { readReport } from "./read-report.ts";

const Kept = z.object({
  unit: z.string(),
  better: z.enum(["lower", "higher"]).nullable(),
  value: z.number(),
  samples: z.array(z.number()),
});
const Metrics = z.record(z.string(), Kept);
const Details = z.object({
  comparability: z.record(z.string(), z.string()),
  measurements: Metrics,
  anchor: z
    .object({ digest: z.string(), version: z.string(), measurements: Metrics })
    .nullable()
    .optional(),
});

/** What the evidence of the artifact that runs in the target environment says. */
export interface KeptPerformance extends Performance {
  /** What drift is measured against: older than the baseline, or the baseline itself. */
  readonly anchor: Anchor;
}

/** The measurements of some earlier promotion that slow drift is measured against. */
export interface Anchor {
  readonly digest: string;
  readonly version: string;
  readonly measurements: ReadonlyMap<string, Measurement>;
}

/** So many samples of a metric the details keep: its distribution, in evenly spaced quantiles. */
const MAX_KEPT_SAMPLES = 40;
/** So many metrics the details keep; more would not fit into a verdict. */
const MAX_KEPT_METRICS = 100;

/** The part of the details that {@link readKept} reads again, at the next promotion. */
export function keepMeasurements(measurements: Iterable<Measurement>): {
  readonly [name: string]: PluginJson;
} {
  const kept: Record<string, PluginJson> = {};
  for (const one of [...measurements].slice(0, MAX_KEPT_METRICS)) {
    const { unit, better, samples } = one;
    const few =
      samples.length <= MAX_KEPT_SAMPLES
        ? samples
        : Array.from({ length: MAX_KEPT_SAMPLES }, (_, at) =>
            quantile(samples, (at + 0.5) / MAX_KEPT_SAMPLES),
          );
    kept[one.name] = { unit, better, value: rounded(centre(one)), samples: few.map(rounded) };
  }
  return kept;
}

/**
 * Reads a baseline: its raw reports where they were kept, because they have all samples, otherwise the details. `null` where
 * the evidence has neither, because another plugin or an exit status judged.
 * @throws {Error} a report that was judged before cannot be read now
 */
export function readKept(baseline: GateBaseline): KeptPerformance | null {
  const parsed = Details.safeParse(baseline.details);
  const kept = parsed.success ? parsed.data : null;
  const raw =
    baseline.reports.length === 0
      ? null
      : mergeReports(baseline.reports.map(readReport), kept?.comparability["runner_class"]);
  const performance = raw ?? (kept === null ? null : fromDetails(kept));
  if (performance === null) return null;
  const { digest, version } = baseline;
  const own = { digest, version, measurements: performance.measurements };
  // What was let through although it was worse has been accepted by whoever overrode the gate: drift counts from there.
  const isAccepted = baseline.status === "failed";
  const anchor = kept?.anchor;
  return {
    ...performance,
    anchor:
      anchor === undefined || anchor === null || isAccepted
        ? own
        : { ...anchor, measurements: measurementsOf(anchor.measurements) },
  };
}

function fromDetails(kept: z.infer<typeof Details>): Performance {
  const { comparability, measurements } = kept;
  return { comparability, measurements: measurementsOf(measurements), runs: 1 };
}

function measurementsOf(metrics: z.infer<typeof Metrics>): Map<string, Measurement> {
  return new Map(
    Object.entries(metrics).map(([name, metric]) => [name, { name, primary: true, ...metric }]),
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
