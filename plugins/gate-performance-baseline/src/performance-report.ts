/** Whether more is worse (a time) or better (requests per second). */
export type Direction = "lower" | "higher";

/** One number that a tool measured, in a unit that does not depend on the tool: `ms`, `requests/s`, `ops/s`, `bytes`. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  /** `null`: nobody can tell; it is compared only where the settings say. */
  readonly better: Direction | null;
  /** What the tool itself shows first: its median where it has one. */
  readonly value: number;
  /** Independent measurements; empty where the report has only aggregates. */
  readonly samples: readonly number[];
  /** Judged also when the settings list no metrics. */
  readonly primary: boolean;
}

/** What a load test did; a measurement of failing requests says nothing about speed. */
export interface Load {
  readonly requests: number;
  /** `null` where the report does not say. */
  readonly failed: number | null;
  /** `null` where the report does not say. */
  readonly durationMs: number | null;
}

/** One report, in the words of no tool. */
export interface PerformanceReport {
  readonly path: string;
  readonly format: string;
  readonly measurements: readonly Measurement[];
  /** `null` for benchmarks, which send no requests. */
  readonly load: Load | null;
  /** What must be equal before two reports may be compared: tool, version, machine, settings. */
  readonly comparability: Readonly<Record<string, string>>;
  /** The tool's own thresholds that were broken. */
  readonly broken: readonly string[];
  /** What somebody who reads the verdict should know. */
  readonly notes: readonly string[];
}

/** What a reader finds; path and format are added by who called it. */
export interface ReadReport {
  readonly measurements: readonly Measurement[];
  readonly load?: Load | null;
  readonly comparability?: Readonly<Record<string, string>>;
  readonly broken?: readonly string[];
  readonly notes?: readonly string[];
}
