import type { GateSubject } from "../contract/index.ts";

/** What all gates of one evaluation judge. */
export interface GateTarget {
  readonly artifact: GateSubject["artifact"];
  readonly source: string;
  readonly target: string;
  readonly dryRun: boolean;
  readonly traceId: string;
}
