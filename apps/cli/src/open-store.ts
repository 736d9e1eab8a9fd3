import { type ArtifactStore, FloeError, type RegistryConfig } from "@floe/core";
import { readSecret } from "./adapters/read-secret.ts";

type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly token: string };

/** Opens the repository that a manifest or a flag names. */
export async function openStore(
  config: RegistryConfig,
  env: NodeJS.ProcessEnv,
): Promise<ArtifactStore> {
  // One of the two, since each takes its time to load.
  if (config.uri.startsWith("oci-layout:")) {
    const { createLayoutStore } = await import("@floe/oci/layout");
    return createLayoutStore({
      path: config.uri.slice("oci-layout:".length),
      create: true,
      uriAsWritten: config.uriAsWritten.replace(/^oci-layout:/, ""),
    });
  }
  const { createRegistryStore } = await import("@floe/oci/registry");
  return createRegistryStore({
    uri: config.uri,
    credentials: async () => await credentialsOf(config, env),
    insecure: config.insecure,
    tlsVerify: config.tlsVerify,
    retry: config.retry,
  });
}

async function credentialsOf(
  config: RegistryConfig,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | null> {
  const { type, credentialsRef } = config.auth;
  switch (type) {
    case "anonymous":
      return null;
    case "auto":
      return credentialsRef
        ? parseBasic(await readSecret(credentialsRef, env))
        : fromEnvironment(env);
    case "basic":
      return credentialsRef
        ? parseBasic(await readSecret(credentialsRef, env))
        : fromEnvironment(env);
    case "token":
      return credentialsRef
        ? { token: await readSecret(credentialsRef, env) }
        : fromEnvironment(env);
    case "aws-irsa":
    case "azure-managed-identity":
    case "gcp-workload-identity":
      throw new FloeError({
        code: "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
        message: `registry auth type ${type} is configured, and this version of floe cannot use it`,
        hint: "Use basic or token with credentials_ref, for example a token that the cloud's own CLI has fetched.",
      });
  }
}

function fromEnvironment(env: NodeJS.ProcessEnv): Credentials | null {
  const token = env["FLOE_REGISTRY_TOKEN"];
  if (token) return { token };
  const username = env["FLOE_REGISTRY_USERNAME"];
  const password = env["FLOE_REGISTRY_PASSWORD"];
  return username && password ? { username, password } : null;
}

function parseBasic(text: string): Credentials {
  if (text.trimStart().startsWith("{")) {
    try {
      const parsed = JSON.parse(text) as { username?: unknown; password?: unknown };
      if (typeof parsed.username === "string" && typeof parsed.password === "string") {
        return { username: parsed.username, password: parsed.password };
      }
    } catch {
      // Falls through to the one error, which must not show the value.
    }
  }
  const colon = text.indexOf(":");
  if (colon > 0 && !text.startsWith("{"))
    return { username: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new FloeError({
    code: "FLOE_SECRET_UNREADABLE",
    message:
      "the registry credentials are neither user:password nor JSON with username and password",
    hint: 'credentials_ref for basic holds user:password, or {"username": …, "password": …}.',
  });
}
