import type { GateBaseline } from "../../contract/index.ts";
import type { GateConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import type { CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import type { Baseline } from "./baseline.ts";
import { readEvidence, readReports } from "./read-evidence.ts";

/**
 * Reads evidence about an artifact as what a gate is compared with; words say why it cannot be. `null`: it is of another kind
 * of gate, or without a verdict, so that there is nothing to compare with.
 */
export async function loadBaseline(
  gate: Pick<GateConfig, "name" | "kind">,
  evidence: { readonly digest: Digest; readonly artifact: Digest },
  trusted: readonly TrustedSigner[],
  context: Pick<FloeContext, "store" | "verifier">,
  options: CallOptions,
): Promise<Baseline | { readonly problem: string } | null> {
  const read = await readEvidence(evidence.digest, evidence.artifact, trusted, context, options);
  // Without it a gate would be asked less than it was: whoever can delete a manifest must not decide that.
  if (!read) return { problem: "it is gone, and the signed record names it" };
  if ("problem" in read) return read;
  const { result, judged_at, version } = read.statement;
  if (result.gate !== gate.name) return { problem: `it is of the gate ${result.gate}` };
  if (result.kind !== gate.kind || result.status === "error") return null;
  const kept = await readReports(read, context, options);
  if ("problem" in kept) return kept;
  return {
    subject: {
      digest: evidence.artifact,
      version,
      judgedAt: new Date(judged_at),
      status: result.status,
      metrics: result.metrics,
      details: result.details as GateBaseline["details"],
      reports: kept.reports,
    },
    evidence: evidence.digest,
  };
}
