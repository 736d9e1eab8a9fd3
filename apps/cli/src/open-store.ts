import type { ArtifactStore, Logger, RegistryConfig } from "@floe/core";
import type { CommandTelemetry } from "./open-telemetry.ts";

/** Opens the repository that a manifest or a flag names. */
export async function openStore(
  config: RegistryConfig,
  env: NodeJS.ProcessEnv,
  logger: Pick<Logger, "warn">,
  telemetry?: CommandTelemetry,
): Promise<ArtifactStore> {
  return (await prepareStore(config, env, logger, telemetry))();
}

/**
 * Loads what opening a repository needs, and gives the function that opens it. One of the two kinds of stores is loaded,
 * since each takes its time.
 */
export async function prepareStore(
  config: RegistryConfig,
  env: NodeJS.ProcessEnv,
  logger: Pick<Logger, "warn">,
  telemetry?: CommandTelemetry,
): Promise<() => ArtifactStore> {
  if (config.uri.startsWith("oci-layout:")) {
    const { createLayoutStore } = await import("@floe/oci/layout");
    return () =>
      createLayoutStore({
        path: config.uri.slice("oci-layout:".length),
        create: true,
        uriAsWritten: config.uriAsWritten.replace(/^oci-layout:/, ""),
      });
  }
  const { createRegistryStore, registryTls, trustedHosts } = await import("@floe/oci/registry");
  const [host = ""] = config.uri.slice("oci://".length).split("/");
  const tls = await registryTls(env, host);
  return () =>
    createRegistryStore({
      uri: config.uri,
      // Most registries are asked without: the code that looks for credentials waits for the first that wants some.
      credentials: async (call) => {
        const { registryCredentials } = await import("./registry-credentials.ts");
        const hide = (secret: string): void => telemetry?.hide(secret);
        return await registryCredentials({ ...config, ...tls }, env, { ...call, logger, hide });
      },
      insecure: config.insecure,
      tlsVerify: config.tlsVerify,
      ...tls,
      trustedHosts: trustedHosts(env),
      proxyEnv: env,
      retry: config.retry,
      logger,
      telemetry,
      ...(config.circuitBreaker && { circuitBreaker: config.circuitBreaker }),
    });
}
