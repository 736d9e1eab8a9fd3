import { FloeError, type Logger, type RegistryConfig } from "@floe/core";
import {
  type CredentialRequest,
  type CredentialSource,
  createCredentialSource,
  type RegistryCredentials,
  secretsOf,
} from "@floe/oci/credentials";
import { readSecret } from "./adapters/read-secret.ts";

/** One source for all registries of a run: what a helper or a cloud gave is not asked for again. */
const sources = new WeakMap<NodeJS.ProcessEnv, CredentialSource>();

/**
 * Finds the credentials for a registry: those that the manifest names, else where the auth type says.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - `credentials_ref` cannot be read or is not of the right form
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - a configuration, a helper or a cloud cannot give them
 */
export async function registryCredentials(
  config: RegistryConfig & Pick<CredentialRequest, "ca" | "clientCertificate">,
  env: NodeJS.ProcessEnv,
  {
    signal,
    logger,
    hide,
  }: {
    readonly signal: AbortSignal;
    readonly logger: Pick<Logger, "warn">;
    /** Told every secret among them, to be kept out of what is sent elsewhere. */
    readonly hide: (secret: string) => void;
  },
): Promise<RegistryCredentials | null> {
  const source = sources.get(env) ?? createCredentialSource({ env, logger });
  sources.set(env, source);
  const configured = await configuredCredentials(config, env);
  const request = { ...config, type: config.auth.type, ...(configured && { configured }) };
  const found = await source(request, { signal });
  for (const secret of found ? secretsOf(found) : []) hide(secret);
  return found;
}

async function configuredCredentials(
  { auth: { type, credentialsRef } }: RegistryConfig,
  env: NodeJS.ProcessEnv,
): Promise<RegistryCredentials | null> {
  if (credentialsRef === null) return null;
  const place =
    credentialsRef.from === "env" ? `variable ${credentialsRef.name}` : credentialsRef.path;
  const source = `credentials_ref (${place})`;
  const text = await readSecret(credentialsRef, env);
  return type === "token" ? { token: text, source } : { ...parsePair(text), source };
}

function parsePair(text: string): { readonly username: string; readonly password: string } {
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
