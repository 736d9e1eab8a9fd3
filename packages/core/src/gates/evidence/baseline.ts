import type { GateBaseline } from "../../contract/index.ts";
import type { Digest } from "../../model/digest.ts";

/** What a gate found for the artifact that runs in the target environment, and where that stands. */
export interface Baseline {
  /** As the gate gets it. */
  readonly subject: GateBaseline;
  /** The evidence's manifest. */
  readonly evidence: Digest;
}
