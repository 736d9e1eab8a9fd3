import type { RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions } from "./artifact-store.ts";

/** A component that an SBOM lists. */
export interface SbomComponent {
  /** What the same component is known by in another version: its package URL without version, else its name. */
  readonly key: string;
  /** `null`: the SBOM does not say. */
  readonly version: string | null;
}

/** An SBOM that is attached to an artifact, with what it lists. */
export interface ReadSbom {
  /** The manifest that attaches it. */
  readonly referrer: Digest;
  /** `verified`: by somebody who is trusted here, about this very artifact. Anybody who can push may have written the others. */
  readonly signature: "verified" | "untrusted" | "unsigned";
  /** Who signed a verified one. */
  readonly signer: string | null;
  /** `null`: it cannot be read, or is larger than what is read. */
  readonly components: readonly SbomComponent[] | null;
}

/** Reads what is in the SBOMs of an artifact. */
export interface SbomReader {
  /**
   * Those that count for most: the verified ones, else the others. `complete: false`: more is attached than is read.
   * @throws {FloeError} what the store throws when the registry is in trouble: then nothing is known
   */
  readSboms(
    store: ArtifactStore,
    artifact: RawManifest,
    options: CallOptions,
  ): Promise<{ readonly sboms: readonly ReadSbom[]; readonly complete: boolean }>;
}
