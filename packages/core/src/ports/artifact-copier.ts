import type { Digest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions } from "./artifact-store.ts";

/** From where to where an artifact goes, with everything that is attached to it. */
export interface CopyRoute {
  readonly from: ArtifactStore;
  readonly to: ArtifactStore;
  readonly digest: Digest;
}

/** How much a copy sends, or has sent: what the destination has already is not counted. */
export interface CopyAmount {
  readonly manifests: number;
  readonly blobs: number;
  /** Of blobs, as they are stored; what the destination takes over from a repository beside it counts as well. */
  readonly bytes: number;
  /** What was left out, and why. */
  readonly warnings: readonly string[];
}

/** How far a copy is. */
export interface CopyStep {
  readonly bytes: number;
  readonly bytesTotal: number;
}

/** Brings artifacts from one repository to another, byte for byte. */
export interface ArtifactCopier {
  /** Says how much {@link ArtifactCopier.copy} would send; writes nothing. */
  measure(route: CopyRoute, options: CallOptions): Promise<CopyAmount>;
  /**
   * Copies an artifact with all that is attached to it, without any tag of floe's, and looks for everything at the
   * destination. Run again after it was cut off, it goes on where it ended.
   */
  copy(
    route: CopyRoute,
    options: CallOptions & { readonly onProgress?: (step: CopyStep) => void },
  ): Promise<CopyAmount>;
}
