import type { GateSubject } from "../contract/index.ts";
import type { ArtifactFacts } from "../ports/index.ts";
import type { Exemption } from "./exemption.ts";

/** What all gates of one evaluation judge. */
export interface GateTarget {
  readonly artifact: GateSubject["artifact"];
  readonly source: string;
  readonly target: string;
  readonly dryRun: boolean;
  readonly traceId: string;
  /** For the built-in policies alone: other gates get no more than their subject. */
  readonly facts?: ArtifactFacts;
  /** Findings that somebody answers for. */
  readonly exemptions?: readonly Exemption[];
}
