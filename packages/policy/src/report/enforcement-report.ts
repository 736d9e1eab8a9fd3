import type { GateResult } from "@floe/core";

/** A gate as a report shows it: its result, or that something else had blocked before it. */
export type ReportedGate = GateResult | { readonly gate: string; readonly status: "not_run" };

/** What the gates of one environment said. */
export interface ReportedEnvironment {
  readonly environment: string;
  readonly gates: readonly ReportedGate[];
}

/** What is told about one run of gates, whatever it is written as. */
export interface EnforcementReport {
  /** `promote v1.2.3 to prod (dry run)`. */
  readonly title: string;
  readonly subject: {
    readonly name: string;
    readonly version: string | null;
    readonly digest: string;
  };
  /** In the words of who ran: `promoted`, `would succeed`, `refused`, `unchanged`, `compiled`. */
  readonly outcome: string;
  readonly passed: boolean;
  /** Everything that blocks, gates and others. */
  readonly blocking: readonly {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  }[];
  readonly warnings: readonly string[];
  readonly environments: readonly ReportedEnvironment[];
  readonly tool: { readonly name: string; readonly version: string };
  readonly at: Date;
}

/** Says whether a gate has a result. */
export function hasResult(gate: ReportedGate): gate is GateResult {
  return gate.status !== "not_run";
}
