import type { RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { ImpactAnalysis } from "../model/records.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { analyseImpact } from "./impact.ts";

/**
 * Compares what an environment runs with what it would return to. What is rolled back from may be broken in every way:
 * that is a reason to go back, not one against it.
 */
export async function analyseReturn(
  { store, sbomReader }: Pick<FloeContext, "store" | "sbomReader">,
  from: Digest,
  to: RawManifest,
  options: CallOptions,
): Promise<ImpactAnalysis> {
  let why = "is gone from the registry";
  try {
    const current = await store.getManifest(from, options);
    if (current)
      return await analyseImpact(
        { store, manifest: current },
        { store, manifest: to },
        sbomReader ?? null,
        options,
      );
  } catch (cause) {
    options.signal.throwIfAborted();
    why = `cannot be read (${cause instanceof Error ? cause.message : String(cause)})`;
  }
  return {
    breaking_changes: [],
    affected_products: [],
    recommendations: [`${from} ${why}, so nothing could be compared.`],
    risk: "RISKY",
  };
}
