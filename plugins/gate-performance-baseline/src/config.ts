import { z } from "zod";

const Metric = z.strictObject({
  /** Name as the report has it; `*` stands for any characters. */
  name: z.string().min(1).max(500),
  /** Which direction is good. Needed only for units that floe does not know. */
  better: z.enum(["lower", "higher"]).optional(),
  /** Absolute limit in the unit of the metric: at most where lower is better, at least where higher is. */
  max: z.number().min(0).optional(),
  /** How much worse than the baseline it may be, in percent. */
  max_regression_percent: z.number().min(0).optional(),
  /** And how much in the metric's unit; both limits must be passed before anything blocks. */
  max_regression_abs: z.number().min(0).optional(),
});

/** Settings of the gate `performance_baseline`. */
export const PerformanceConfig = z.strictObject({
  /** What is judged; without it, what the format is about. */
  metrics: z.array(Metric).max(1000).default([]),
  /** Limit of metrics that have none of their own. */
  max_regression_percent: z.number().min(0).default(5),
  /** Slow drift over several promotions, against the anchor. Without it more than 15 % warns and never fails. */
  max_drift_percent: z.number().min(0).optional(),
  /** The fewest samples on both sides for a comparison that may block. */
  min_samples: z.int().min(4).max(1_000_000).default(10),
  /** The fewest requests of a load test. */
  min_requests: z.int().min(1).default(100),
  /** The largest share of failed requests, 0 to 1. */
  max_error_rate: z.number().min(0).max(1).default(0.01),
  /** How long a load test must have taken at least. */
  min_duration_seconds: z.number().min(0).default(0),
  /** How many runs the command makes, each with a report of its own. */
  repeat: z.int().min(1).max(1000).default(1),
  /** What kind of machine measures; numbers of different ones are not compared. */
  runner_class: z.string().min(1).max(100).optional(),
});

/** Settings of the gate `performance_baseline`, with defaults. */
export type PerformanceConfig = z.infer<typeof PerformanceConfig>;

/** What the settings say of one metric. */
export type MetricConfig = PerformanceConfig["metrics"][number];
