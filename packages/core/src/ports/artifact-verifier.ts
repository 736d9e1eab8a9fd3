import type { VerificationPolicy } from "../manifest/manifest.ts";
import type { RawManifest } from "../model/descriptor.ts";
import type { ArtifactStore, CallOptions } from "./artifact-store.ts";

/** What verifying an artifact's signatures came to. */
export interface VerificationResult {
  /** `unknown`: could not be judged; `skipped`: the environment's enforcement is off. */
  readonly status: "valid" | "invalid" | "unsigned" | "unknown" | "skipped";
  /** Name or fingerprint of who signed; only with `valid`. */
  readonly signerIdentity: string | null;
  readonly issuer: string | null;
  readonly rekorVerified: boolean;
  /** One sentence; `null` with `valid` and `skipped`. */
  readonly failureReason: string | null;
  readonly warnings: readonly string[];
}

/** Judges an artifact's signatures by an environment's policy. */
export interface ArtifactVerifier {
  /** Never throws for an untrusted artifact nor for registry trouble: the latter is `unknown`, which blocks under `enforce`. */
  verifyArtifact(
    store: ArtifactStore,
    artifact: RawManifest,
    policy: VerificationPolicy,
    options: CallOptions,
  ): Promise<VerificationResult>;
}
