import type { GateSubject } from "../contract/index.ts";
import type { RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { ArtifactFacts, CallOptions } from "../ports/index.ts";
import type { Exemption } from "./exemption.ts";

/** What all gates of one evaluation judge. */
export interface GateTarget {
  readonly artifact: GateSubject["artifact"];
  readonly source: string;
  readonly target: string;
  readonly dryRun: boolean;
  readonly traceId: string;
  /** Which platform of an index `artifact` is; absent: the whole. */
  readonly platform?: string;
  /** Reads what an index names, where the artifact is. */
  readonly readManifest?: (digest: Digest, options: CallOptions) => Promise<RawManifest | null>;
  /** For the built-in policies alone: other gates get no more than their subject. */
  readonly facts?: ArtifactFacts;
  /** Findings that somebody answers for. */
  readonly exemptions?: readonly Exemption[];
}
