import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { ArtifactFacts, ArtifactStore } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { Ledgers } from "./ledgers.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";
import { soakOf } from "./soak.ts";

/** Answers the built-in policies from the repository that the artifact is in, and from the ledgers. */
export function createArtifactFacts(
  artifact: Pick<ResolvedArtifact, "manifest">,
  from: ArtifactStore,
  target: Pick<EnvironmentConfig, "verification">,
  context: Pick<FloeContext, "artifactVerifier" | "manifest">,
  ledgers: Ledgers,
): ArtifactFacts {
  return {
    async requirements(types, options) {
      const { requirements } = await context.artifactVerifier.verifyArtifact(
        from,
        artifact.manifest,
        {
          ...target.verification,
          enforcement: "enforce",
          requireSignature: types.includes("signature"),
          requireSbom: false,
          requirePromotionFrom: null,
          require: types.map((type) => ({ type, signers: null, threshold: 1 })),
        },
        options,
      );
      return requirements;
    },
    blob: async (descriptor, options) => await from.getBlob(descriptor, options),
    async since(environment, options) {
      const digest = artifact.manifest.descriptor.digest;
      const soak = { from: environment, hours: 0 };
      return (await soakOf(digest, { soak }, context, ledgers, options))?.since ?? null;
    },
  };
}
