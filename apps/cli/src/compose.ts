import { tmpdir } from "node:os";
import { dirname } from "node:path";
import {
  type ArtifactCopier,
  type ArtifactStore,
  createFloe,
  createPluginRegistry,
  type Exemption,
  type Floe,
  type Logger,
  type Manifest,
  type Notifier,
  type PluginRegistry,
  type PluginSource,
  type RegistryConfig,
  type StoreStats,
  usesKeyless,
} from "@floe/core";
import type { FloePlugin, StandardSchema } from "@floe/core/plugin";
import { systemClock } from "./adapters/clock.ts";
import { reserveOutput } from "./adapters/own-output.ts";
import { readSecret } from "./adapters/read-secret.ts";
import { openArtifactVerifier } from "./open-artifact-verifier.ts";
import { keylessEngineOf } from "./open-keyless-engine.ts";
import { findOperator } from "./open-signer.ts";
import { openStores } from "./open-stores.ts";
import type { CommandTelemetry } from "./open-telemetry.ts";
import { trustedSigners } from "./trusted-signers.ts";

/** What a command tells the composition. */
export interface ComposeInput {
  /** `--manifest`; default: searched upwards. */
  readonly manifestPath: string | undefined;
  /** `--registry`: another repository than the manifest's. */
  readonly registry: string | undefined;
  /** `--key`. */
  readonly key: string | undefined;
  /** Whether the command may write: reading needs no key. */
  readonly writes: boolean;
  /**
   * The command runs no gate: their plugins are neither looked for nor imported, and settings are not checked. A
   * rollback, a lock or the board must not fail because of a gate's plugin. Default `false`.
   */
  readonly withoutGates?: boolean;
  /** The command asks the places that keep checkpoints, which a plugin may provide. Default `false`. */
  readonly withAnchors?: boolean;
  /** The command runs no gate and judges by policies all the same. Default `false`. */
  readonly withExemptions?: boolean;
  /** Expressions and patterns of policies are checked as well, which loads what reads them. Default `false`. */
  readonly thoroughly?: boolean;
  readonly installed: readonly PluginSource[];
  /** Plugins besides those that the manifest names and the installed ones. */
  readonly alsoUse?: readonly PluginSource[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly logger: Logger;
  /** Default: nobody watches. */
  readonly telemetry?: CommandTelemetry;
  readonly signal: AbortSignal;
}

/** Everything a command works with. */
export interface Composed extends AsyncDisposable {
  readonly manifest: Manifest;
  /** The manifest's own repository. */
  readonly store: ArtifactStore;
  /** Gives the store of an environment's repository, or of any other that the manifest names. */
  readonly storeOf: (registry: RegistryConfig) => ArtifactStore;
  /** What was asked of all repositories together. */
  readonly stats: StoreStats;
  readonly floe: Floe;
}

/** Loads the manifest, with the settings of the gate plugins that it names merged into its check. */
export async function loadProject(
  input: Pick<
    ComposeInput,
    | "manifestPath"
    | "registry"
    | "installed"
    | "env"
    | "cwd"
    | "version"
    | "signal"
    | "withoutGates"
    | "thoroughly"
    | "withExemptions"
    | "withAnchors"
  >,
): Promise<{
  readonly manifest: Manifest;
  readonly sources: readonly PluginSource[];
  readonly policy: FloePlugin;
  /** Read only where gates are run: nothing else may fail because of that file. */
  readonly exemptions: readonly Exemption[];
}> {
  const { findManifest, loadExemptions, loadManifest } = await import("@floe/core/manifest");
  const { checkExpressions, createPolicyGate, parsePolicies, policiesSchema } = await import(
    "@floe/policy"
  );
  const { signal, installed, cwd } = input;
  const path = await findManifest(input.manifestPath, { cwd, signal });
  let project: Promise<PluginSource[]> | null = null;
  const manifest = await loadManifest(path, {
    signal,
    cwd,
    env: input.env,
    policiesSchema,
    knownGates: createPluginRegistry({ sources: installed, inline: [], allow: null })
      .list()
      .map((listing) => listing.id),
    gateSchemas: async (kind, { manifestDir, plugins }) => {
      if (input.withoutGates === true) return ANY_SETTINGS;
      project ??= projectPlugins(plugins.use, manifestDir);
      const sources = [...(await project), ...installed];
      const registry = createPluginRegistry({ sources, inline: [], allow: plugins.allow });
      await guardAgainst(registry, kind);
      return (await registry.find(kind))?.provider.config ?? null;
    },
    ...(input.registry === undefined ? {} : { registryOverride: input.registry }),
  });
  const environments = manifest.environments.map((environment) => environment.name);
  if (input.thoroughly === true)
    await checkExpressions(parsePolicies(manifest.policies, environments), { signal });
  const exemptions =
    input.withoutGates === true && input.withExemptions !== true
      ? []
      : await loadExemptions(manifest, { signal, cwd });
  // Where a plugin keeps the ledger, there is nothing that can be done without it.
  const anchored = input.withAnchors === true && manifest.audit.anchors.length > 0;
  if (input.withoutGates !== true || manifest.audit.provider !== "oci" || anchored)
    project ??= projectPlugins(manifest.plugins.use, dirname(manifest.path));
  const sources = [...((await project) ?? []), ...installed];
  const gate = createPolicyGate({
    policies: manifest.policies,
    environments,
    repository: manifest.registry.uri.replace(/^oci:\/\//, ""),
    versionPattern: manifest.tags.versionPattern,
    now: () => new Date(),
  });
  const policy: FloePlugin = {
    apiVersion: "floe.dev/v1",
    meta: { name: "@floe/policy", version: input.version },
    gates: [gate],
  };
  return { manifest, sources, policy, exemptions };
}

/** Wires adapters, policy and plugins into a floe. This is the only place that knows all of them. */
export async function compose(input: ComposeInput): Promise<Composed> {
  const { manifest, sources, policy, exemptions } = await loadProject(input);
  // Opening a key takes a while, and the rest is loaded meanwhile.
  const finding = input.writes ? findOperator({ ...input, manifest }) : null;
  finding?.catch(() => {});
  const [{ createSbomReader, createVerifier }, { createCommandRunner, createHost }] =
    await Promise.all([import("@floe/signing"), import("@floe/runner")]);
  const stores = await openStores(manifest, input.env, input.logger, input.telemetry);
  const store = stores.of(manifest.registry);
  const found = await finding;
  const keyless = keylessEngineOf(manifest, input.env);
  // A ledger is read without waiting for anything else; artifacts wait for the engine when they need it.
  const verifier = createVerifier({
    keyless: usesKeyless(manifest) ? await keyless(input) : undefined,
  });
  const floe = createFloe({
    manifest,
    store,
    storeOf: stores.of,
    copier,
    ...(manifest.webhooks.length === 0 ? {} : { notifier: await openNotifier(input) }),
    signer: found?.opened?.signer ?? null,
    signerPublicKey: found?.opened?.publicKey ?? null,
    ...(found === null ? {} : { signerOrigin: found.origin }),
    verifier,
    sbomReader: createSbomReader({ verifier, trusted: trustedSigners(manifest) }),
    artifactVerifier: await openArtifactVerifier(
      { store, manifest },
      ...([keyless, input.env, input.logger, input.telemetry] as const),
    ),
    policy,
    exemptions,
    openAnchor: async (anchor) => {
      const { createFolderAnchors } = await import("./adapters/folder-anchors.ts");
      return createFolderAnchors(anchor);
    },
    openLog: async (url) => {
      const { createRekorLog } = await import("@floe/signing");
      return createRekorLog({ url, engine: keyless });
    },
    pluginSources: [...sources, ...(input.alsoUse ?? [])],
    runner: createCommandRunner({ env: input.env, tmpDir: tmpdir() }),
    readSecret: async (ref) => {
      const secret = await readSecret(ref, input.env);
      input.telemetry?.hide(secret);
      return secret;
    },
    host: createHost(process.pid),
    clock: systemClock,
    logger: input.logger,
    ...(input.telemetry ? { telemetry: input.telemetry } : {}),
    version: input.version,
  });
  return {
    ...{ manifest, store, floe, storeOf: stores.of },
    get stats() {
      return stores.stats;
    },
    async [Symbol.asyncDispose]() {
      await floe[Symbol.asyncDispose]();
      await stores[Symbol.asyncDispose]();
    },
  };
}

async function openNotifier({ env, version }: ComposeInput): Promise<Notifier> {
  const { createWebhookNotifier } = await import("./adapters/webhook-notifier.ts");
  const now = (): Date => systemClock.now();
  return createWebhookNotifier({ readSecret: (ref) => readSecret(ref, env), now, version });
}

/** Copying is loaded when something is to be copied. */
const copier: ArtifactCopier = {
  async measure(route, options) {
    const { artifactCopier } = await import("@floe/oci/copier");
    return await artifactCopier.measure(route, options);
  },
  async copy(route, options) {
    const { artifactCopier } = await import("@floe/oci/copier");
    return await artifactCopier.copy(route, options);
  },
};

/** Before code runs that is neither floe's nor comes with it. */
async function guardAgainst(registry: PluginRegistry, kind: string): Promise<void> {
  const ours = registry
    .list()
    .every(({ id, plugin }) => id !== kind || plugin.origin === "bundled");
  if (!ours) await guardProcess();
}

/** Keeps standard output for the result, and ends the process when a plugin never gives control back. */
export async function guardProcess(): Promise<void> {
  const { watchLoop } = await import("./adapters/watch-loop.ts");
  reserveOutput();
  watchLoop();
}

const ANY_SETTINGS: StandardSchema = {
  "~standard": { version: 1, vendor: "floe", validate: (value) => ({ value }) },
};

/** Finds the plugins that a manifest names from its folder; nothing of them is imported. */
export async function projectPlugins(
  names: readonly string[],
  folder: string,
): Promise<PluginSource[]> {
  if (names.length === 0) return [];
  const { discoverPlugin } = await import("@floe/core");
  return await Promise.all(names.map((name) => discoverPlugin(name, folder, "project")));
}
