import type { CallOptions } from "@floe/core/ports";
import type { AwsClientOptions, IdentityPoolClientOptions } from "google-auth-library";
import { readTextFile } from "../docker/read-text-file.ts";
import type { RegistryCredentials } from "../registry-credentials.ts";
import { CloudProblem, type CloudRequest, cloudLogin, renewAt } from "./cloud-login.ts";

const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];
const RENEW_BEFORE_MS = 10 * 60_000;
const LIFETIME_MS = 3_600_000;
const MAX_FILE_BYTES = 256 * 1024;
const USERNAME = "oauth2accesstoken";
const HINT =
  "The identity needs a role such as Artifact Registry Reader or Writer on the repository.";

/** Gives access tokens, as all clients of Google's package do. */
interface TokenClient {
  getAccessToken(): Promise<{ token?: string | null }>;
  readonly credentials: { expiry_date?: number | null };
}

/**
 * Gets an access token of Google Cloud, which its registries take as a password: with the file of
 * `GOOGLE_APPLICATION_CREDENTIALS` (workload identity federation, or a service account's key), else from the metadata
 * server. `null` when the request is optional and there is neither.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - there is no identity, it is refused, or the file wants a program run
 */
export async function gcpLogin(
  request: CloudRequest,
  { signal }: CallOptions,
): Promise<RegistryCredentials | null> {
  const { registry, env, timeoutMs } = request;
  const path = env["GOOGLE_APPLICATION_CREDENTIALS"] || null;
  const source = path ?? "the Google Cloud service account of this machine";
  return await cloudLogin({ registry, source, hint: HINT, timeoutMs, signal }, async (limited) => {
    const client = path === null ? await metadataClient() : await fileClient(path, limited);
    let given: { token?: string | null };
    try {
      given = await client.getAccessToken();
    } catch (error) {
      if (path === null && request.optional && !isFromGoogle(error)) return null;
      throw error;
    }
    return credentialsFrom(given.token, client.credentials.expiry_date, source, request.now());
  });
}

async function metadataClient(): Promise<TokenClient> {
  const { Compute } = await import("google-auth-library");
  return new Compute({ scopes: SCOPES });
}

async function fileClient(path: string, signal: AbortSignal): Promise<TokenClient> {
  const file = await readTextFile(path, { signal, maxBytes: MAX_FILE_BYTES });
  if (file === null) throw new CloudProblem("there is no such file");
  const json = parseObject(file.text);
  const texts = (name: string): string => {
    const value = json[name];
    if (typeof value === "string" && value !== "") return value;
    throw new CloudProblem(`the file has no ${name}`);
  };
  const library = await import("google-auth-library");
  switch (json["type"]) {
    case "external_account": {
      for (const name of ["token_url", "service_account_impersonation_url"])
        checkAddress(name, json[name]);
      for (const name of ["audience", "subject_token_type"]) texts(name);
      const kind = json["credential_source"];
      if (typeof kind !== "object" || kind === null)
        throw new CloudProblem("the file has no credential_source");
      if ("executable" in kind) {
        throw new CloudProblem(
          "its credential_source is a program to run, which floe does not do",
          "Use a credential_source with a file or a url.",
        );
      }
      return "environment_id" in kind
        ? scoped(new library.AwsClient(json as AwsClientOptions & typeof json))
        : scoped(new library.IdentityPoolClient(json as IdentityPoolClientOptions & typeof json));
    }
    case "service_account":
      return new library.JWT({
        email: texts("client_email"),
        key: texts("private_key"),
        scopes: SCOPES,
      });
    case "authorized_user":
      return new library.UserRefreshClient({
        clientId: texts("client_id"),
        clientSecret: texts("client_secret"),
        refreshToken: texts("refresh_token"),
      });
    default:
      throw new CloudProblem(
        "the file is neither external_account, service_account nor authorized_user",
      );
  }
}

function scoped<Client extends { scopes?: string | string[] }>(client: Client): Client {
  client.scopes = SCOPES;
  return client;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return { ...json };
  } catch {
    // The parser's message would quote the file.
  }
  throw new CloudProblem("the file is not a JSON object");
}

/** Tokens travel to these addresses: over TLS, or on this machine. */
function checkAddress(name: string, value: unknown): void {
  if (value === undefined) return;
  const url = typeof value === "string" ? URL.parse(value) : null;
  const local = url !== null && /^(?:127(?:\.\d+){3}|localhost|\[::1\])$/.test(url.hostname);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && local)) return;
  throw new CloudProblem(`its ${name} is not an https address`);
}

/** Whether a failure is the answer of a metadata server of Google's; other clouds have one at the same address. */
function isFromGoogle(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("response" in error)) return false;
  const { headers } = (error.response ?? {}) as { readonly headers?: Partial<Headers> };
  return headers?.get?.("metadata-flavor") === "Google";
}

function credentialsFrom(
  token: unknown,
  expiry: number | null | undefined,
  source: string,
  now: Date,
): RegistryCredentials {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new CloudProblem("the answer of Google Cloud holds no access token");
  const given = typeof expiry === "number" && expiry > 0 ? expiry : now.getTime() + LIFETIME_MS;
  const expiresAt = new Date(given);
  const renewal = renewAt(expiresAt, RENEW_BEFORE_MS, now);
  return { username: USERNAME, password: token, source, expiresAt, renewAt: renewal };
}
