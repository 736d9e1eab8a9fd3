import type { ArtifactStore, ArtifactVerifier, Logger, Manifest } from "@floe/core";
import type { Telemetry } from "@floe/core/ports";
import { admitVerified, openProofCache, throughCache } from "./open-cache.ts";
import type { keylessEngineOf } from "./open-keyless-engine.ts";

/**
 * Opens what judges artifacts: signatures are read through the cache of content, since a promotion to the next environment
 * asks for the same ones, and what certificates proved is kept for a day.
 */
export async function openArtifactVerifier(
  { store, manifest }: { readonly store: ArtifactStore; readonly manifest: Manifest },
  keyless: ReturnType<typeof keylessEngineOf>,
  env: NodeJS.ProcessEnv,
  logger: Pick<Logger, "warn">,
  telemetry?: Telemetry,
): Promise<ArtifactVerifier> {
  const [{ createArtifactVerifier }, cached, proofs] = await Promise.all([
    import("@floe/signing"),
    throughCache({ store, manifest }, env, telemetry),
    openProofCache(manifest, env, logger),
  ]);
  const verifier = createArtifactVerifier({ now: () => new Date(), keyless, proofs });
  if (cached === null) return verifier;
  return {
    async verifyArtifact(given, artifact, policy, call) {
      const through = given === store ? cached : given;
      const result = await verifier.verifyArtifact(through, artifact, policy, call);
      if (through === cached) await admitVerified(cached, artifact.descriptor.digest, result);
      return result;
    },
  };
}
