import { type ArtifactComparison, compareArtifacts } from "../compare/compare-artifacts.ts";
import type { CallOptions } from "../ports/index.ts";
import { compareGates, type GateComparison } from "./compare-gates.ts";
import type { FloeContext } from "./context.ts";
import { type DiffSide, resolveSide } from "./diff-side.ts";
import type { Ledgers } from "./ledgers.ts";

/** What `floe platform diff` compares: versions, or what environments run. */
export interface DiffRequest {
  readonly from: string;
  readonly to: string;
}

/** How two versions differ. */
export interface ArtifactDiff {
  readonly from: DiffSide;
  readonly to: DiffSide;
  /** `true`: it is one artifact. */
  readonly identical: boolean;
  /** `null`: one of the two manifests cannot be read. */
  readonly content: ArtifactComparison | null;
  readonly gates: GateComparison;
}

/**
 * Compares two versions, or what environments run by their ledgers.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - neither a version nor an environment
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - no such version
 * @throws {FloeError} FLOE_VERIFY_NOTHING - nothing runs in the environment
 */
export async function diff(
  request: DiffRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ArtifactDiff> {
  const [one, two] = [
    await resolveSide(request.from, context, ledgers, options),
    await resolveSide(request.to, context, ledgers, options),
  ];
  const identical = one.side.digest === two.side.digest;
  const content = await compareArtifacts(
    { store: one.store, manifest: one.artifact.manifest },
    { store: two.store, manifest: two.artifact.manifest },
    context.sbomReader ?? null,
    options,
  );
  const gates = await compareGates(one, two, context, ledgers, options);
  return { from: one.side, to: two.side, identical, content, gates };
}
