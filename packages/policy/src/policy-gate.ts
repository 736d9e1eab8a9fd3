import type { GateProvider, PluginServices } from "@floe/core/plugin";
import type { ArtifactFacts } from "@floe/core/ports";
import { z } from "zod";
import { parsePolicies } from "./bind-rules.ts";
import { evaluateArtifact, type PolicySurroundings } from "./evaluate-policies.ts";
import { verdictOf } from "./verdict.ts";

/** What the composition root tells the gate. */
export interface PolicyGateOptions extends PolicySurroundings {
  /** The manifest's `policies`, checked here by {@link policiesSchema}. */
  readonly policies: unknown;
}

const configSchema = z.strictObject({});

/** The core gives the built-in gate what it gives no other: answers of the registry and the ledgers. */
function factsOf(
  services: PluginServices & { readonly facts?: ArtifactFacts },
): ArtifactFacts | null {
  return services.facts ?? null;
}

/**
 * Makes the gate `policy_compliance`, which judges every promotion by floe's own rules and by the manifest's.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the policies are not valid or name an environment that does not exist
 */
export function createPolicyGate(
  options: PolicyGateOptions,
): GateProvider<Readonly<Record<string, never>>> {
  const policies = parsePolicies(options.policies, options.environments);
  return {
    id: "policy_compliance",
    summary: "Judges the artifact by floe's built-in rules and the manifest's policies",
    config: configSchema,
    create: (_config, services) => ({
      async evaluate(subject, { signal }) {
        signal.throwIfAborted();
        const facts = factsOf(services);
        return verdictOf(await evaluateArtifact(policies, subject, facts, options, signal));
      },
    }),
  };
}
