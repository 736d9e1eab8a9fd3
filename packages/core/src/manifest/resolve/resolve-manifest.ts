import type { StandardSchema } from "../../contract/index.ts";
import { didYouMean } from "../did-you-mean.ts";
import type { EnvironmentConfig, Manifest, RegistryConfig, TrustRootConfig } from "../manifest.ts";
import type { ManifestDocument } from "../schema/manifest-document.ts";
import type { Promotion } from "../schema/promotion.ts";
import { checkGateCommands } from "./check-gate-commands.ts";
import { checkSatisfiable } from "./check-satisfiable.ts";
import { checkSettings } from "./check-settings.ts";
import { DEFAULT_ENVIRONMENTS, type GateKinds } from "./gate-kinds.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { checkEnvironmentNames, resolveEnvironment } from "./resolve-environments.ts";
import { type ResolvedIdentities, resolveIdentities } from "./resolve-identities.ts";
import { overrideRegistry, resolveRegistry } from "./resolve-registry.ts";
import { resolveSecondaries } from "./resolve-secondaries.ts";
import { resolveKeyRef } from "./resolve-secret-ref.ts";
import {
  resolveAudit,
  resolvePolicies,
  resolveSigning,
  resolveTags,
  unsupportedOf,
} from "./resolve-top.ts";
import { resolveTrustRoot } from "./resolve-trust-root.ts";
import { resolveVerification } from "./resolve-verification.ts";
import { resolveWebhooks } from "./resolve-webhooks.ts";

/** What a manifest is resolved with, besides the context. */
export interface ResolveOptions {
  readonly kinds: GateKinds;
  readonly policiesSchema: StandardSchema<unknown, unknown> | undefined;
  readonly registryOverride: string | undefined;
  /** What a relative `--registry` is relative to. */
  readonly cwd: string;
}

/** A manifest without what only its files know. */
export type ResolvedManifest = Omit<Manifest, "path" | "digest">;

const POLICY_KEYS = ["rules", "exemptions", "secret_scanning", "overrides"];

/**
 * Checks what the schema cannot (names, keys, commands, places) and maps the document to a {@link Manifest}. `null`
 * only when an issue was reported.
 */
export async function resolveManifest(
  context: ResolveContext,
  document: ManifestDocument,
  options: ResolveOptions,
): Promise<ResolvedManifest | null> {
  const { artifacts } = document;
  const promotion = artifacts.promotion ?? {};
  const people = await resolveIdentities(
    context,
    document.identities ?? {},
    document.groups ?? {},
    {
      requireRekor: artifacts.verification?.require_rekor ?? true,
    },
  );
  const registry = resolvePrimary(context, document, options);
  await checkPolicies(context, promotion, options.policiesSchema);
  const trustRoot = await resolveTrustRoot(context, artifacts.verification?.trust_root);
  const environments = await resolveEnvironments(
    context,
    document,
    people,
    registry,
    trustRoot,
    options.kinds,
  );
  const tags = resolveTags(context, artifacts.tags);
  const signing = resolveSigning(context, artifacts.signing);
  const operatorKeyRef = resolveKeyRef(context, promotion.operator?.key_ref, [
    ...PATHS.promotion,
    "operator",
    "key_ref",
  ]);
  const audit = resolveAudit(
    context,
    promotion.audit,
    [registry, ...(environments ?? []).map((environment) => environment.registry)],
    signing,
  );
  const webhooks = resolveWebhooks(context, promotion.webhooks ?? []);
  const secondaries = resolveSecondaries(context, artifacts.secondary_registries ?? [], [
    registry,
    ...(environments ?? []).map((environment) => environment.registry),
  ]);
  if (!registry || !environments) return null;
  return {
    metadata: {
      name: document.metadata.name,
      version: document.metadata.version ?? null,
      owner: document.metadata.owner ?? null,
    },
    identities: people.identities,
    groups: people.groups,
    registry,
    secondaries,
    tags,
    signing,
    trustRoot,
    requireRekor: artifacts.verification?.require_rekor ?? true,
    operatorKeyRef,
    environments,
    policies: resolvePolicies(context, promotion.policies),
    rollback: { blockOnImpact: promotion.rollback?.block_on_impact ?? false },
    webhooks,
    audit,
    plugins: { use: document.plugins?.use ?? [], allow: document.plugins?.allow ?? null },
    unsupported: unsupportedOf(document),
    ignored: [],
  };
}

function resolvePrimary(
  context: ResolveContext,
  document: ManifestDocument,
  options: ResolveOptions,
): RegistryConfig | null {
  const { registry } = document.artifacts;
  const path = PATHS.registry;
  const override = options.registryOverride;
  if (override === undefined) {
    if (registry) return resolveRegistry(context, registry, path);
    if (!context.has(path)) context.report(path, "is required");
    return null;
  }
  // With another registry from the command line, the manifest's own need not exist.
  const lenient: ResolveContext = {
    ...context,
    report: (at, message, extra) => {
      if (at.at(-1) !== "uri") context.report(at, message, extra);
    },
  };
  const configured = registry ? resolveRegistry(lenient, registry, path) : null;
  return overrideRegistry(configured, override, options.cwd);
}

async function resolveEnvironments(
  context: ResolveContext,
  document: ManifestDocument,
  people: ResolvedIdentities,
  registry: RegistryConfig | null,
  trustRoot: TrustRootConfig,
  kinds: GateKinds,
): Promise<readonly EnvironmentConfig[] | null> {
  const promotion = document.artifacts.promotion ?? {};
  // A list that is wrong is not a list that is absent.
  if (!promotion.environments && context.has(PATHS.environments)) return null;
  const entries = promotion.environments ?? DEFAULT_ENVIRONMENTS;
  const names = entries.map((entry) => entry.name);
  if (promotion.environments) checkEnvironmentNames(context, names);
  const verification = await resolveVerification(
    context,
    document.artifacts.verification,
    names,
    people,
    trustRoot,
  );
  const gateNames = entries.flatMap((entry) => Object.keys(entry.gates ?? {}));
  checkGateCommands(context, kinds, gateNames);
  const environments: EnvironmentConfig[] = [];
  for (const [index, entry] of entries.entries()) {
    const environment = await resolveEnvironment(
      {
        context,
        people,
        registry,
        verification,
        policies: promotion.policies,
        gates: {
          context,
          kinds,
          commands: promotion.gate_commands ?? {},
          defaultTimeoutSeconds: promotion.default_timeout_seconds,
          people,
        },
      },
      entry,
      names,
      index,
    );
    if (environment) environments.push(environment);
  }
  checkSatisfiable(context, entries, people);
  return environments.length === entries.length ? environments : null;
}

async function checkPolicies(
  context: ResolveContext,
  promotion: Promotion,
  schema: StandardSchema<unknown, unknown> | undefined,
): Promise<void> {
  const { policies } = promotion;
  if (!policies) return;
  if (schema)
    return checkSettings(
      context,
      schema,
      policies,
      (path) => [...PATHS.policies, ...path],
      POLICY_KEYS,
    );
  for (const key of Object.keys(policies))
    if (!POLICY_KEYS.includes(key))
      context.report([...PATHS.policies, key], "unknown key", {
        suggestion: didYouMean(key, POLICY_KEYS),
        side: "key",
      });
}
