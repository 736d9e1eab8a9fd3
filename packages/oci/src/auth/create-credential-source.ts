import type { CallOptions, Logger } from "@floe/core/ports";
import { parseRegistryUri, type RegistryLocation } from "../registry/registry-location.ts";
import type { ClientCertificate } from "../transport/tls-settings.ts";
import type { CloudRequest } from "./cloud/cloud-login.ts";
import { type Cloud, cloudOf } from "./cloud/cloud-of.ts";
import { findDockerCredentials } from "./docker/find-docker-credentials.ts";
import { createAskHelper } from "./docker/run-credential-helper.ts";
import { loginError } from "./login-error.ts";
import type { RegistryCredentials } from "./registry-credentials.ts";
import { createSingleFlight } from "./single-flight.ts";

export { type RegistryCredentials, secretsOf } from "./registry-credentials.ts";

/** How to log in to a registry: `auth.type` of the manifest. */
export type CredentialType =
  | "auto"
  | "anonymous"
  | "basic"
  | "token"
  | "aws-irsa"
  | "azure-managed-identity"
  | "gcp-workload-identity";

/** The repository that credentials are for, and what is configured for it. */
export interface CredentialRequest {
  /** `oci://host[:port]/repo`. */
  readonly uri: string;
  /** Default `auto`. */
  readonly type?: CredentialType;
  /** Configured for this registry; goes before everything else. */
  readonly configured?: RegistryCredentials;
  /** As for the store: plain http for a host that is not loopback. Default `false`. */
  readonly insecure?: boolean;
  /** `false` accepts any certificate of the registry. Default `true`. */
  readonly tlsVerify?: boolean;
  /** As for the store: PEM of authorities to trust for the registry. */
  readonly ca?: string;
  /** As for the store: shown to the registry. */
  readonly clientCertificate?: ClientCertificate;
}

/** Finds the credentials for a repository; `null`: anonymous. What helpers and clouds gave is kept. */
export type CredentialSource = (
  request: CredentialRequest,
  options: CallOptions,
) => Promise<RegistryCredentials | null>;

/** Options of {@link createCredentialSource}. */
export interface CredentialSourceOptions {
  /** The process's environment. The clouds' packages read `process.env` themselves. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `.docker` is. Default `HOME`, else the system's. */
  readonly homeDir?: string;
  /** The longest that a credential helper may run, in milliseconds. Default 30 000. */
  readonly helperTimeoutMs?: number;
  /** The longest that logging in through a cloud may take, in milliseconds. Default 30 000. */
  readonly cloudTimeoutMs?: number;
  /** Default the system's clock. */
  readonly now?: () => Date;
  /** Told once of every file with credentials that others than its owner may read. Default: nobody. */
  readonly logger?: Pick<Logger, "warn">;
}

const CLOUD_TYPES = {
  "aws-irsa": "aws",
  "azure-managed-identity": "azure",
  "gcp-workload-identity": "gcp",
} as const satisfies Partial<Record<CredentialType, Cloud>>;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Makes a source of credentials for any registry. It is asked in this order: what is configured; `FLOE_REGISTRY_TOKEN`,
 * or `FLOE_REGISTRY_USERNAME` and `FLOE_REGISTRY_PASSWORD`; docker's and podman's configuration with their helpers; the
 * cloud that the registry's host name belongs to. With a cloud's type, that cloud is asked and nothing else.
 *
 * The source throws {@link FloeError} FLOE_REGISTRY_LOGIN_FAILED when one of them has credentials and cannot give them,
 * and FLOE_REFERENCE_INVALID when `uri` names no repository. Only files, helpers and clouds for the asked registry are
 * touched, and a cloud's package is loaded when it is needed.
 */
export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { env, now = () => new Date(), helperTimeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const homeDir = options.homeDir ?? env["HOME"] ?? process.getBuiltinModule("node:os").homedir();
  const askHelper = createAskHelper({ env, timeoutMs: helperTimeoutMs });
  const kept = new Map<string, RegistryCredentials>();
  const named = new Set<string>();
  const flight = createSingleFlight<RegistryCredentials | null>();

  /** docker and podman write 0600; what others may read is worth a word, but their files are not floe's to refuse. */
  function onOpenFile(path: string, mode: number): void {
    if (named.has(path)) return;
    named.add(path);
    const octal = `0${mode.toString(8)}`;
    options.logger?.warn(
      `${path} holds credentials and others may read it (mode ${octal}); run: chmod 600 ${path}`,
    );
  }

  async function fromCloud(
    cloud: Cloud,
    { request, location }: { request: CredentialRequest; location: RegistryLocation },
    signal: AbortSignal,
  ): Promise<RegistryCredentials | null> {
    const key = JSON.stringify([cloud, request.type, location.origin.origin]);
    const known = kept.get(key);
    const due = known?.renewAt ?? known?.expiresAt;
    if (known !== undefined && (due === undefined || due > now())) return known;
    return await flight(key, signal, async () => {
      const asked: CloudRequest = {
        registry: hostOf(location),
        origin: location.origin,
        env,
        timeoutMs: options.cloudTimeoutMs ?? DEFAULT_TIMEOUT_MS,
        now,
        optional: request.type === undefined || request.type === "auto",
        connection: {
          registry: location.origin,
          tlsVerify: request.tlsVerify ?? true,
          ca: request.ca,
          clientCertificate: request.clientCertificate,
          proxyEnv: env,
        },
      };
      const given = await logIn(cloud, asked, signal);
      if (given !== null) kept.set(key, given);
      return given;
    });
  }

  return async (request, { signal }) => {
    const { type = "auto", configured } = request;
    if (type === "anonymous") return null;
    if (configured !== undefined) return configured;
    const location = parseRegistryUri(request.uri, request.insecure ?? false);
    const host = hostOf(location);
    if (type !== "auto" && type !== "basic" && type !== "token")
      return await fromCloud(CLOUD_TYPES[type], { request, location }, signal);
    const given = fromEnvironment(env, host);
    if (given !== null || type !== "auto") return given;
    const key = { host, repository: location.repository };
    const places = { env, homeDir, askHelper, onOpenFile };
    const stored = await findDockerCredentials(places, key, { signal });
    if (stored !== null) return stored;
    const cloud = cloudOf(host);
    return cloud === null ? null : await fromCloud(cloud, { request, location }, signal);
  };
}

async function logIn(
  cloud: Cloud,
  request: CloudRequest,
  signal: AbortSignal,
): Promise<RegistryCredentials | null> {
  switch (cloud) {
    case "aws": {
      const { awsLogin } = await import("./cloud/aws-login.ts");
      return await awsLogin({ ...request, webIdentity: !request.optional }, { signal });
    }
    case "azure": {
      const { azureLogin } = await import("./cloud/azure-login.ts");
      return await azureLogin(request, { signal });
    }
    case "gcp": {
      const { gcpLogin } = await import("./cloud/gcp-login.ts");
      return await gcpLogin(request, { signal });
    }
  }
}

/** @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - half of a pair is set */
function fromEnvironment(
  env: CredentialSourceOptions["env"],
  registry: string,
): RegistryCredentials | null {
  const token = env["FLOE_REGISTRY_TOKEN"];
  if (token) return { token, source: "FLOE_REGISTRY_TOKEN" };
  const username = env["FLOE_REGISTRY_USERNAME"];
  const password = env["FLOE_REGISTRY_PASSWORD"];
  if (!username && !password) return null;
  const source = "FLOE_REGISTRY_USERNAME and FLOE_REGISTRY_PASSWORD";
  if (username && password) return { username, password, source };
  const missing = username ? "FLOE_REGISTRY_PASSWORD" : "FLOE_REGISTRY_USERNAME";
  const problem = `${missing} is not set`;
  throw loginError({ registry, source, problem, hint: "Set both of them, or neither." });
}

/** `host[:port]` as configured. */
function hostOf({ name }: RegistryLocation): string {
  return name.slice(0, name.indexOf("/")).toLowerCase();
}
