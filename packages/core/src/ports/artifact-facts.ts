import type { Descriptor } from "../model/descriptor.ts";
import type { CallOptions } from "./artifact-store.ts";
import type { RequirementReport } from "./artifact-verifier.ts";

/**
 * What the built-in policies may ask about the artifact that is judged, beyond its manifest. Each answer is read when a
 * rule asks for it; trouble with a registry throws, and is never "there is none".
 */
export interface ArtifactFacts {
  /**
   * Whether requirements are met by whom the target environment's signature policy trusts, whatever its enforcement:
   * `signature`, `sbom`, or a predicate type.
   */
  requirements(
    types: readonly string[],
    options: CallOptions,
  ): Promise<readonly RequirementReport[]>;
  /**
   * Reads a part of the artifact, checked against its digest.
   * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - larger than `maxBytes`
   */
  blob(
    descriptor: Descriptor,
    options: CallOptions & { readonly maxBytes: number },
  ): Promise<Uint8Array>;
  /** Since when this digest is in an environment, by its ledger; `null`: it was never promoted there. */
  since(environment: string, options: CallOptions): Promise<Date | null>;
}
