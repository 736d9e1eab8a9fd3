import { FloeError } from "@floe/core/errors";
import { parseRetryAfter } from "../registry/retry.ts";
import type { HttpAnswer } from "../transport/http-message.ts";
import {
  basicHeader,
  describeCredentials,
  type RegistryCredentials,
} from "./registry-credentials.ts";

/** Where tokens are had, from a bearer challenge. */
export interface TokenRealm {
  readonly url: URL;
  readonly service: string | null;
}

/** A token as it was given. */
export interface BearerToken {
  readonly value: string;
  /** How long it may be used, counted from its arrival. */
  readonly lifetimeMs: number;
}

/** Sends one request to a token service and reads the answer, at most 128 KiB. */
export type TokenExchange = (request: {
  readonly url: URL;
  readonly authorization: string | null;
  /** Sent as the body of a POST, `application/x-www-form-urlencoded`. Default: a GET. */
  readonly form?: string;
  readonly signal: AbortSignal;
}) => Promise<{ readonly answer: HttpAnswer; readonly body: Uint8Array }>;

/** What a token is asked for. */
export interface TokenRequest {
  /** The registry that the token is for: for messages. */
  readonly registry: string;
  readonly scopes: readonly string[];
  /** `null`: an anonymous token. */
  readonly credentials: RegistryCredentials | null;
  readonly signal: AbortSignal;
}

const SHORTEST_MS = 60_000;
const LONGEST_MS = 24 * 3_600_000;
const MAX_TOKEN_LENGTH = 64 * 1024;
const CLIENT_ID = "floe";
/** What stands for a user where an identity token is sent as a password. */
const TOKEN_USER = "<token>";
/** Token services without the oauth2 form answer so; Artifactory with a 401. */
const NO_OAUTH2: ReadonlySet<number> = new Set([401, 404, 405]);

/**
 * Gets a token for scopes (docker token specification): with an identity token by POST of the oauth2 form, and by GET
 * where the service knows no such form; else by GET of the realm, with basic credentials if there are any.
 * @throws {FloeError} FLOE_REGISTRY_UNAUTHORIZED - the token service refuses
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - it has trouble of its own; may be tried again
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - the answer holds no token
 */
export async function fetchToken(
  exchange: TokenExchange,
  realm: TokenRealm,
  request: TokenRequest,
): Promise<BearerToken> {
  const { credentials } = request;
  let given: Awaited<ReturnType<TokenExchange>> | null = null;
  if (credentials !== null && "identityToken" in credentials) {
    given = await post(exchange, realm, request, credentials.identityToken);
    if (NO_OAUTH2.has(given.answer.status)) given = null;
  }
  given ??= await get(exchange, realm, request);
  refuseStatus(given.answer, request);
  return readToken(given.body, given.answer.label);
}

async function post(
  exchange: TokenExchange,
  realm: TokenRealm,
  { scopes, signal }: TokenRequest,
  refreshToken: string,
): ReturnType<TokenExchange> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: CLIENT_ID,
    refresh_token: refreshToken,
  });
  if (realm.service !== null) form.set("service", realm.service);
  form.set("scope", scopes.join(" "));
  return await exchange({ url: realm.url, authorization: null, form: form.toString(), signal });
}

async function get(
  exchange: TokenExchange,
  realm: TokenRealm,
  { scopes, credentials, signal }: TokenRequest,
): ReturnType<TokenExchange> {
  const url = new URL(realm.url);
  if (realm.service !== null) url.searchParams.set("service", realm.service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return await exchange({ url, authorization: authorizationOf(credentials), signal });
}

function authorizationOf(credentials: RegistryCredentials | null): string | null {
  if (credentials === null || "token" in credentials) return null;
  return "identityToken" in credentials
    ? basicHeader(TOKEN_USER, credentials.identityToken)
    : basicHeader(credentials.username, credentials.password);
}

function refuseStatus(answer: HttpAnswer, { registry, scopes, credentials }: TokenRequest): void {
  const { status } = answer;
  if (status === 200) return;
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfter = parseRetryAfter(answer.headers["retry-after"], new Date());
    throw new FloeError({
      code: "FLOE_REGISTRY_UNAVAILABLE",
      message: `${answer.label}: the token service of ${registry} answered ${status}`,
      details: {
        retryable: true,
        status,
        ...(retryAfter === null ? {} : { retry_after_ms: retryAfter }),
      },
    });
  }
  const who =
    credentials === null ? "a request without credentials" : describeCredentials(credentials);
  throw new FloeError({
    code: "FLOE_REGISTRY_UNAUTHORIZED",
    message: `${answer.label}: the token service of ${registry} answered ${status} to ${who}, asked for ${scopes.join(" ")}`,
    hint: "Check the credentials, and that they are for this registry.",
    details: {
      retryable: false,
      status,
      registry,
      credential_source: credentials?.source ?? null,
    },
  });
}

function readToken(body: Uint8Array, label: string): BearerToken {
  let json: unknown = null;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // The parser's message would quote the body, and with it perhaps a token: no cause here.
  }
  const fields = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  // Services give one or both; an empty one counts as none.
  const value = fields["token"] || fields["access_token"];
  // It goes into a header: nothing but visible ASCII.
  if (
    typeof value !== "string" ||
    !/^[\x21-\x7e]+$/.test(value) ||
    value.length > MAX_TOKEN_LENGTH
  ) {
    throw new FloeError({
      code: "FLOE_REGISTRY_RESPONSE_INVALID",
      message: `${label}: the token service's answer holds no token`,
    });
  }
  return { value, lifetimeMs: readLifetime(fields["expires_in"]) };
}

/** Seconds, as a number or in digits. Anything else is the 60 seconds that the specification gives a token at least. */
function readLifetime(given: unknown): number {
  const seconds = typeof given === "string" && /^\d{1,10}$/.test(given) ? Number(given) : given;
  const lifetimeMs = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : SHORTEST_MS;
  return Math.min(Math.max(lifetimeMs, SHORTEST_MS), LONGEST_MS);
}
