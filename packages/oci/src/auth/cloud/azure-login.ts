import type { CallOptions } from "@floe/core/ports";
import { createTransport, DEFAULT_TIMEOUTS } from "../../transport/create-transport.ts";
import { readBody } from "../../transport/read-body.ts";
import type { RegistryCredentials } from "../registry-credentials.ts";
import { CloudProblem, type CloudRequest, cloudLogin, renewAt } from "./cloud-login.ts";

const SCOPE = "https://containerregistry.azure.net/.default";
const RENEW_BEFORE_MS = 10 * 60_000;
const LIFETIME_MS = 3 * 3_600_000;
const MAX_ANSWER_BYTES = 128 * 1024;
const HINT = "The identity needs the role AcrPull or AcrPush on the registry.";
/** Authorities whose other addresses are known; any other is asked for them itself. */
const PUBLIC_AUTHORITY =
  /^https:\/\/login\.(?:microsoftonline|chinacloudapi|partner\.microsoftonline)\.[a-z]+\/?$/;

/**
 * Gets an identity token of Azure Container Registry: a token of the process's workload identity or managed identity,
 * exchanged at the registry (`POST /oauth2/exchange`). `null` when the request is optional and there is no identity.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - there is no identity, or the registry does not take it
 */
export async function azureLogin(
  request: CloudRequest,
  { signal }: CallOptions,
): Promise<RegistryCredentials | null> {
  const { registry, env, timeoutMs } = request;
  const tokenFilePath = env["AZURE_FEDERATED_TOKEN_FILE"];
  const clientId = env["AZURE_CLIENT_ID"];
  const tenantId = env["AZURE_TENANT_ID"];
  const workload = tokenFilePath && clientId && tenantId;
  const source = workload ? "the Azure workload identity" : "the Azure managed identity";
  return await cloudLogin({ registry, source, hint: HINT, timeoutMs, signal }, async (limited) => {
    const { ManagedIdentityCredential, WorkloadIdentityCredential } = await import(
      "@azure/identity"
    );
    const authority = env["AZURE_AUTHORITY_HOST"];
    const identity = workload
      ? new WorkloadIdentityCredential({
          tokenFilePath,
          clientId,
          tenantId,
          disableInstanceDiscovery: authority !== undefined && !PUBLIC_AUTHORITY.test(authority),
        })
      : new ManagedIdentityCredential(clientId ? { clientId } : {});
    try {
      const { token } = await identity.getToken(SCOPE, { abortSignal: limited });
      return await exchange(request, token, source, limited);
    } catch (error) {
      const none = error instanceof Error && error.name === "CredentialUnavailableError";
      if (none && request.optional && !workload) return null;
      throw error;
    }
  });
}

async function exchange(
  request: CloudRequest,
  accessToken: string,
  source: string,
  signal: AbortSignal,
): Promise<RegistryCredentials> {
  const { origin, timeoutMs, connection } = request;
  const form = new URLSearchParams({
    grant_type: "access_token",
    service: origin.host,
    access_token: accessToken,
  });
  const transport = createTransport({ timeouts: DEFAULT_TIMEOUTS, ...connection });
  try {
    const answer = await transport.send({
      method: "POST",
      url: new URL("/oauth2/exchange", origin),
      headers: {
        accept: "application/json",
        "accept-encoding": "identity",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: Buffer.from(form.toString(), "utf8"),
      signal,
    });
    const limits = { signal, idleMs: timeoutMs, totalMs: timeoutMs, maxBytes: MAX_ANSWER_BYTES };
    const body = await readBody(answer, limits);
    if (answer.status !== 200)
      throw new CloudProblem(`${answer.label} answered ${answer.status} to the identity`);
    const refreshToken = readRefreshToken(body);
    if (refreshToken === null)
      throw new CloudProblem(`${answer.label}: the answer holds no refresh token`);
    const now = request.now();
    const expiresAt = expiryOf(refreshToken) ?? new Date(now.getTime() + LIFETIME_MS);
    return {
      identityToken: refreshToken,
      source,
      expiresAt,
      renewAt: renewAt(expiresAt, RENEW_BEFORE_MS, now),
    };
  } finally {
    transport.close();
  }
}

function readRefreshToken(body: Uint8Array): string | null {
  const token = fieldOf(new TextDecoder().decode(body), "refresh_token");
  return typeof token === "string" && /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** The end of a JSON Web Token's life, only read to renew it in time; whether it is genuine is the registry's matter. */
function expiryOf(token: string): Date | null {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  const seconds = fieldOf(payload, "exp");
  const date = new Date(typeof seconds === "number" ? seconds * 1000 : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}

function fieldOf(text: string, name: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? Reflect.get(json, name) : null;
  } catch {
    // The parser's message would quote a token.
    return null;
  }
}
