import { FloeError } from "@floe/core/errors";
import type { HttpAnswer } from "../transport/http-message.ts";

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
  readonly signal: AbortSignal;
}) => Promise<{ readonly answer: HttpAnswer; readonly body: Uint8Array }>;

const SHORTEST_MS = 60_000;
const LONGEST_MS = 24 * 3_600_000;
const MAX_TOKEN_LENGTH = 64 * 1024;

/**
 * Gets a token for scopes (docker token specification): GET of the realm, with basic credentials if there are any.
 * @throws {FloeError} FLOE_REGISTRY_UNAUTHORIZED - the token service refuses
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - it has trouble of its own; may be tried again
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - the answer holds no token
 */
export async function fetchToken(
  exchange: TokenExchange,
  realm: TokenRealm,
  request: {
    readonly scopes: readonly string[];
    readonly authorization: string | null;
    readonly signal: AbortSignal;
  },
): Promise<BearerToken> {
  const url = new URL(realm.url);
  if (realm.service !== null) url.searchParams.set("service", realm.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  const { authorization, signal } = request;
  const { answer, body } = await exchange({ url, authorization, signal });
  if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
    throw new FloeError({
      code: "FLOE_REGISTRY_UNAVAILABLE",
      message: `${answer.label}: the token service answered ${answer.status}`,
      details: { retryable: true, status: answer.status },
    });
  }
  if (answer.status !== 200) {
    throw new FloeError({
      code: "FLOE_REGISTRY_UNAUTHORIZED",
      message: `${answer.label}: the token service answered ${answer.status} to ${
        authorization === null ? "a request without credentials" : "the configured credentials"
      }`,
      hint: "Check user name and password, and that they are for this registry.",
      details: { retryable: false, status: answer.status },
    });
  }
  return readToken(body, answer.label);
}

function readToken(body: Uint8Array, label: string): BearerToken {
  let json: unknown = null;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // The parser's message would quote the body, and with it perhaps a token: no cause here.
  }
  const fields = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  const value = fields["token"] ?? fields["access_token"];
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
  const seconds = fields["expires_in"];
  const given = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : SHORTEST_MS;
  const lifetimeMs = Math.min(Math.max(given, SHORTEST_MS), LONGEST_MS);
  return { value, lifetimeMs };
}
