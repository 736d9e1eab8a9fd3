import { FloeError } from "@floe/core/errors";
import type { CallOptions } from "@floe/core/ports";
import { checkTarget } from "../transport/check-target.ts";
import { hideSecrets } from "../transport/hide-secrets.ts";
import { fetchToken, type TokenExchange, type TokenRealm } from "./fetch-token.ts";
import { type Challenge, parseChallenges } from "./parse-challenges.ts";
import {
  basicHeader,
  describeCredentials,
  type RegistryCredentials,
  secretsOf,
} from "./registry-credentials.ts";
import { type Access, coversScopes, describeAccess, scopesFor, uniteScopes } from "./scopes.ts";
import { createSingleFlight } from "./single-flight.ts";

/** A request that the registry refused. */
export interface Refusal {
  /** 401 or 403. */
  readonly status: number;
  /** Every `WWW-Authenticate` of the answer. */
  readonly challenges: readonly string[];
  /** The `Authorization` that the request had. */
  readonly used: string | null;
  /** Method and address, for messages. */
  readonly label: string;
}

/** What authorizes the requests of one repository. The scheme is learned from the registry's first 401. */
export interface AuthSession {
  /** The `Authorization` for a request, or `null` while none is known to be needed. */
  authorize(access: Access, options: CallOptions): Promise<string | null>;
  /**
   * Answers a 401 or 403: gives another `Authorization` than the one that was used, to be tried once. `null`: there is
   * no other for a 403, which is about permissions unless the token was anonymous.
   * @throws {FloeError} FLOE_REGISTRY_UNAUTHORIZED - there is no other for a 401
   */
  reauthorize(refusal: Refusal, access: Access, options: CallOptions): Promise<string | null>;
  /** The error of a 401 that nothing can be done about. */
  refuse(label: string, access: Access, options: CallOptions): Promise<FloeError>;
  /** Takes every secret that this session knows out of a text, and `others`. */
  redact(text: string, others?: readonly string[]): string;
}

/** What {@link createAuthSession} needs. */
export interface AuthSessionOptions {
  readonly registry: URL;
  readonly repository: string;
  /** Asked when the registry wants credentials, and again when they have to be renewed. */
  readonly credentials: (options: CallOptions) => Promise<RegistryCredentials | null>;
  readonly exchange: TokenExchange;
  /** Milliseconds, for the life of tokens. */
  readonly monotonicMs: () => number;
  /** For the life of credentials. */
  readonly now: () => Date;
}

interface HeldToken {
  readonly value: string;
  /** The service that gave it, and to whom. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly anonymous: boolean;
  readonly renewAt: number;
}

type Scheme =
  | { readonly kind: "unknown" }
  /** The credentials themselves are sent, as basic authentication or as a token. */
  | { readonly kind: "fixed" }
  | { readonly kind: "bearer"; readonly realm: TokenRealm };

/** A token is renewed when so much of its life is over. */
const RENEW_AFTER = 0.8;
const MAX_REALM_LENGTH = 2048;

/** Makes the session of one repository. */
export function createAuthSession(options: AuthSessionOptions): AuthSession {
  const { registry, repository } = options;
  let scheme: Scheme = { kind: "unknown" };
  let held: HeldToken[] = [];
  let known: { readonly credentials: RegistryCredentials | null } | null = null;
  let askedAgain = false;
  const credentialFlight = createSingleFlight<RegistryCredentials | null>();
  const tokenFlight = createSingleFlight<HeldToken>();
  const secrets = new Set<string>();

  async function loadCredentials(signal: AbortSignal): Promise<RegistryCredentials | null> {
    if (known !== null && !isDue(known.credentials, options.now())) return known.credentials;
    return await credentialFlight("credentials", signal, async () => {
      const credentials = await options.credentials({ signal });
      for (const secret of credentials === null ? [] : secretsOf(credentials)) secrets.add(secret);
      known = { credentials };
      return credentials;
    });
  }

  async function requestToken(
    issuer: string,
    realm: TokenRealm,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<HeldToken> {
    const credentials = await loadCredentials(signal);
    const asked = { registry: registry.host, scopes, credentials, signal };
    const { value, lifetimeMs } = await fetchToken(options.exchange, realm, asked);
    secrets.add(value);
    const renewAt = options.monotonicMs() + lifetimeMs * RENEW_AFTER;
    const token = { value, issuer, scopes, anonymous: credentials === null, renewAt };
    const isReplaced = (other: HeldToken) =>
      other.issuer === issuer && other.scopes.join() === scopes.join();
    held = [...held.filter((other) => !isReplaced(other)), token];
    return token;
  }

  /** One request per realm, account and set of scopes, however many wait for it. */
  async function getToken(
    realm: TokenRealm,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    const account = known?.credentials === null ? "anonymous" : "known";
    const issuer = JSON.stringify([realm.url.href, realm.service, account]);
    held = held.filter((token) => token.renewAt > options.monotonicMs());
    // The narrowest: a service may have given less than it was asked for, and then the wide one is the doubtful one.
    const [usable] = held
      .filter((token) => token.issuer === issuer && coversScopes(token.scopes, scopes))
      .sort((a, b) => a.scopes.join().length - b.scopes.join().length);
    if (usable !== undefined) return usable.value;
    const token = await tokenFlight(JSON.stringify([issuer, ...scopes]), signal, () =>
      requestToken(issuer, realm, scopes, signal),
    );
    return token.value;
  }

  function realmOf(challenge: Challenge): TokenRealm {
    const realm = challenge.parameters.get("realm") ?? "";
    const url = checkTarget(realm.length > MAX_REALM_LENGTH ? "invalid:" : realm, {
      registry,
      from: registry,
      what: "token realm",
    });
    return { url, service: challenge.parameters.get("service") ?? null };
  }

  /** Chooses the scheme by the challenges: bearer before basic, and nothing else. */
  async function answerChallenges(
    { challenges: headers, used, label }: Refusal,
    access: Access,
    signal: AbortSignal,
  ): Promise<string> {
    const credentials = await loadCredentials(signal);
    const challenges = headers.flatMap(parseChallenges);
    const bearer = challenges.find(
      (one) => one.scheme === "bearer" && (one.parameters.get("realm") ?? "") !== "",
    );
    if (credentials !== null && "token" in credentials) return fixed(credentials, `Bearer`);
    if (bearer !== undefined) {
      const realm = realmOf(bearer);
      scheme = { kind: "bearer", realm };
      held = held.filter((token) => `Bearer ${token.value}` !== used);
      const asked = bearer.parameters.get("scope")?.split(" ") ?? [];
      const scopes = uniteScopes(scopesFor(repository, access), asked);
      return `Bearer ${await getToken(realm, scopes, signal)}`;
    }
    const basic = challenges.some((one) => one.scheme === "basic");
    if (credentials !== null && "password" in credentials && basic)
      return fixed(credentials, "Basic");
    throw refused(label, access, credentials);

    function fixed(own: RegistryCredentials, name: "Basic" | "Bearer"): string {
      const header = headerOf(own);
      if (header === null || header === used || !header.startsWith(name))
        throw refused(label, access, own);
      scheme = { kind: "fixed" };
      return header;
    }
  }

  function refused(
    label: string,
    access: Access,
    credentials: RegistryCredentials | null,
  ): FloeError {
    const action = describeAccess(repository, access);
    const what =
      credentials === null
        ? "wants credentials and none are configured"
        : `does not accept ${describeCredentials(credentials)}`;
    return new FloeError({
      code: "FLOE_REGISTRY_UNAUTHORIZED",
      message: `${label}: ${registry.host} ${what}, to ${action}`,
      hint:
        credentials === null
          ? "Log in with docker or podman, set FLOE_REGISTRY_USERNAME and FLOE_REGISTRY_PASSWORD, or set auth for the registry in the manifest."
          : "Check that the credentials are for this registry and have not expired, and that the account may do this.",
      details: {
        retryable: false,
        status: 401,
        registry: registry.host,
        repository,
        action,
        credential_source: credentials?.source ?? null,
      },
    });
  }

  return {
    async authorize(access, { signal }) {
      if (scheme.kind === "unknown") return null;
      if (scheme.kind === "fixed") {
        const credentials = await loadCredentials(signal);
        return credentials === null ? null : headerOf(credentials);
      }
      return `Bearer ${await getToken(scheme.realm, scopesFor(repository, access), signal)}`;
    },

    async reauthorize(refusal, access, { signal }) {
      const { status, used } = refusal;
      const token = held.find(({ value }) => `Bearer ${value}` === used);
      // What an anonymous token may not do, credentials that have come up since may: they are looked for once more.
      if (token?.anonymous === true && !askedAgain) {
        askedAgain = true;
        known = null;
        if (status === 403) {
          if ((await loadCredentials(signal)) === null || scheme.kind !== "bearer") return null;
          const scopes = scopesFor(repository, access);
          return `Bearer ${await getToken(scheme.realm, scopes, signal)}`;
        }
      }
      return status === 403 ? null : await answerChallenges(refusal, access, signal);
    },

    refuse: async (label, access, { signal }) =>
      refused(label, access, await loadCredentials(signal)),

    redact: (text, others = []) => hideSecrets(text, [...secrets, ...others]),
  };
}

function isDue(credentials: RegistryCredentials | null, now: Date): boolean {
  const due = credentials?.renewAt ?? credentials?.expiresAt;
  return due !== undefined && due.getTime() <= now.getTime();
}

/** The `Authorization` that credentials are sent with themselves; `null` where they cannot be. */
function headerOf(credentials: RegistryCredentials): string | null {
  if ("identityToken" in credentials) return null;
  if ("password" in credentials) return basicHeader(credentials.username, credentials.password);
  return /^[\x21-\x7e]+$/.test(credentials.token) ? `Bearer ${credentials.token}` : null;
}
