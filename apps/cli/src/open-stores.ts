import type { ArtifactStore, Logger, Manifest, RegistryConfig, StoreStats } from "@floe/core";
import { prepareStore } from "./open-store.ts";
import type { CommandTelemetry } from "./open-telemetry.ts";
import { registriesOf } from "./registries-of.ts";

/** The repositories of a manifest, each opened once, when it is first asked for. */
export interface Stores extends AsyncDisposable {
  readonly of: (registry: RegistryConfig) => ArtifactStore;
  /** Of all that were opened, together. */
  readonly stats: StoreStats;
}

/** Variables with credentials, which are for the manifest's own registry. */
const CREDENTIALS = [
  "FLOE_REGISTRY_TOKEN",
  "FLOE_REGISTRY_USERNAME",
  "FLOE_REGISTRY_PASSWORD",
] as const;

/**
 * Prepares the repositories that a manifest names: its own, and those of environments and secondaries. What keeps one of them
 * from being opened is said when it is asked for, so that it does not stand in the way of what does not need it.
 */
export async function openStores(
  manifest: Manifest,
  env: NodeJS.ProcessEnv,
  logger: Pick<Logger, "warn">,
  telemetry?: CommandTelemetry,
): Promise<Stores> {
  const configs = new Map(registriesOf(manifest).map((config) => [keyOf(config), config]));
  const own = hostOf(manifest.registry.uri);
  const others = withoutCredentials(env);
  const written = Map.groupBy(configs.values(), ({ uriAsWritten }) => uriAsWritten);
  const prepared = new Map<string, PromiseSettledResult<() => ArtifactStore>>();
  const settled = await Promise.allSettled(
    [...configs.values()].map(async (config) => {
      // What is written the same way in two files may be two folders; then each goes by its whole path.
      const same = new Set(written.get(config.uriAsWritten)?.map(({ uri }) => uri)).size > 1;
      const named = same ? { ...config, uriAsWritten: config.uri } : config;
      return await prepareStore(
        named,
        hostOf(config.uri) === own ? env : others,
        logger,
        telemetry,
      );
    }),
  );
  for (const [index, key] of [...configs.keys()].entries()) {
    const one = settled[index];
    if (one) prepared.set(key, one);
  }
  const open = new Map<string, ArtifactStore>();
  return {
    of(registry) {
      const key = keyOf(registry);
      const before = open.get(key);
      if (before) return before;
      const made = prepared.get(key);
      if (!made) throw new Error(`${registry.uri} is no repository of the manifest`);
      if (made.status === "rejected") throw made.reason;
      const store = made.value();
      open.set(key, store);
      return store;
    },
    get stats() {
      const all = [...open.values()].map(({ stats }) => stats);
      return {
        requests: all.reduce((sum, { requests }) => sum + requests, 0),
        writes: all.reduce((sum, { writes }) => sum + writes, 0),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...open.values()].map(async (store) => await store[Symbol.asyncDispose]?.()),
      );
    },
  };
}

// A folder is one store however it is written; a repository that is logged in to in two ways is two.
function keyOf({ uri, auth, insecure, tlsVerify }: RegistryConfig): string {
  return uri.startsWith("oci-layout:") ? uri : JSON.stringify([uri, auth, insecure, tlsVerify]);
}

function hostOf(uri: string): string {
  return uri.startsWith("oci://") ? (uri.slice("oci://".length).split("/")[0] ?? "") : "";
}

function withoutCredentials(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = { ...env };
  for (const name of CREDENTIALS) delete rest[name];
  return rest;
}
