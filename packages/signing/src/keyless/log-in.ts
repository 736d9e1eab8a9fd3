import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { CallOptions } from "@floe/core/ports";
import * as oidc from "openid-client";
import { show } from "../encoding/json-object.ts";
import { invalidToken } from "./identity-token.ts";
import type { LoginOptions, LoginPrompt } from "./login-token.ts";

/** How long a person may take, in milliseconds. */
const PATIENCE_MS = 5 * 60_000;
const SCOPE = "openid email";

/**
 * Has a person log in and gives the OIDC token that says who it is.
 * @throws {FloeError} FLOE_IDENTITY_TOKEN_INVALID - the login failed, or nobody logged in within five minutes
 */
export async function logIn(
  options: LoginOptions,
  name: string,
  { signal }: CallOptions,
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let token: string | undefined;
  try {
    const config = await discover(options, limit);
    token = await (options.flow === "browser"
      ? logInByBrowser(config, options.prompt, limit)
      : logInByDevice(config, options.prompt, limit));
  } catch (cause) {
    signal.throwIfAborted();
    throw invalidToken(`${name} failed: ${reasonOf(cause, limit)}`);
  }
  if (token !== undefined) return token;
  throw invalidToken(`${name} gave no token that says who logged in`);
}

async function discover(
  { issuer, clientId }: LoginOptions,
  signal: AbortSignal,
): Promise<oidc.Configuration> {
  const server = new URL(issuer);
  const isLocal = server.protocol === "http:";
  // The manifest lets plain http through for this machine only.
  const config = await oidc.discovery(server, clientId, undefined, oidc.None(), {
    execute: isLocal ? [oidc.allowInsecureRequests] : [],
    [oidc.customFetch]: (url, request) =>
      fetch(url, { ...request, signal: request.signal ?? signal } as RequestInit),
  });
  return config;
}

/** Authorization code with PKCE, state and nonce; the answer comes to a port of this machine (RFC 8252, "Loopback"). */
async function logInByBrowser(
  config: oidc.Configuration,
  prompt: LoginPrompt,
  signal: AbortSignal,
): Promise<string | undefined> {
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { state: oidc.randomState(), nonce: oidc.randomNonce() };
  const server = createServer();
  await listen(server);
  try {
    const redirect = `http://localhost:${(server.address() as AddressInfo).port}/auth/callback`;
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirect,
      scope: SCOPE,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...checks,
    });
    const called = callback(server, redirect, checks.state, signal);
    prompt.show(`To sign, log in at ${url.href}`);
    prompt.open(url.href);
    const tokens = await oidc.authorizationCodeGrant(config, await called, {
      pkceCodeVerifier: verifier,
      expectedState: checks.state,
      expectedNonce: checks.nonce,
      idTokenExpected: true,
    });
    return tokens.id_token;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function listen(server: Server): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(0, "localhost", resolve);
  await promise;
}

/** Waits for the page to come back. Calls with another state are somebody else's and end nothing. */
async function callback(
  server: Server,
  redirect: string,
  state: string,
  signal: AbortSignal,
): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  server.on("request", (request, response) => {
    const url = new URL(request.url ?? "/", redirect);
    const isOurs =
      url.pathname === new URL(redirect).pathname && url.searchParams.get("state") === state;
    response.writeHead(isOurs ? 200 : 404, { "content-type": "text/plain; charset=utf-8" });
    response.end(isOurs ? "Done. You may close this page.\n" : "Not found.\n");
    if (isOurs) resolve(url);
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Device authorization grant (RFC 8628), with PKCE where the issuer takes it. */
async function logInByDevice(
  config: oidc.Configuration,
  prompt: LoginPrompt,
  signal: AbortSignal,
): Promise<string | undefined> {
  const verifier = oidc.randomPKCECodeVerifier();
  const asked = await oidc.initiateDeviceAuthorization(config, {
    scope: SCOPE,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  prompt.show(
    `To sign, open ${show(asked.verification_uri, 500).slice(1, -1)} on any machine and enter the code ${show(asked.user_code).slice(1, -1)}`,
  );
  const tokens = await oidc.pollDeviceAuthorizationGrant(
    config,
    asked,
    { code_verifier: verifier },
    { signal },
  );
  return tokens.id_token;
}

/** The code of the protocol's error, or of what it stumbled over; descriptions may hold anything. */
function reasonOf(error: unknown, limit: AbortSignal): string {
  if (limit.aborted) return "nobody logged in in time";
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("error" in cause && typeof cause.error === "string") return show(cause.error).slice(1, -1);
    if ("code" in cause && /^E[A-Z]+$/.test(String(cause.code))) return String(cause.code);
  }
  return "the issuer did not answer as OpenID Connect wants it";
}
