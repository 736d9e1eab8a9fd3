import { FloeError } from "@floe/core/errors";
import type { CallOptions } from "@floe/core/ports";
import { checkTarget } from "../transport/check-target.ts";
import { fetchToken, type TokenExchange, type TokenRealm } from "./fetch-token.ts";
import { type Challenge, parseChallenges } from "./parse-challenges.ts";
import { type Access, coversScopes, scopesFor, uniteScopes } from "./scopes.ts";

/** Credentials of a registry: a user name with its password, or a token that is sent as it is. */
export type RegistryCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly token: string };

/** What authorizes the requests of one repository. The scheme is learned from the registry's first 401. */
export interface AuthSession {
  /** The `Authorization` for a request, or `null` while none is known to be needed. */
  authorize(access: Access, options: CallOptions): Promise<string | null>;
  /**
   * Answers a 401: gives another `Authorization` than the one that was used.
   * @throws {FloeError} FLOE_REGISTRY_UNAUTHORIZED - there is no other
   */
  reauthorize(
    challenge: { readonly header: string; readonly used: string | null; readonly label: string },
    access: Access,
    options: CallOptions,
  ): Promise<string>;
  /** The error of a 401 that nothing can be done about. */
  refuse(label: string, options: CallOptions): Promise<FloeError>;
  /** Takes every secret that this session knows out of a text. */
  redact(text: string): string;
}

/** What {@link createAuthSession} needs. */
export interface AuthSessionOptions {
  readonly registry: URL;
  readonly repository: string;
  /** Asked once, when the registry wants credentials. */
  readonly credentials: () => Promise<RegistryCredentials | null>;
  readonly exchange: TokenExchange;
  /** Milliseconds, for the life of tokens. */
  readonly now: () => number;
}

interface HeldToken {
  readonly value: string;
  readonly scopes: readonly string[];
  readonly renewAt: number;
}

type Scheme =
  | { readonly kind: "unknown" }
  | { readonly kind: "fixed"; readonly header: string }
  | { readonly kind: "bearer"; readonly realm: TokenRealm };

/** A token is renewed when so much of its life is over. */
const RENEW_AFTER = 0.8;

/** Makes the session of one repository. */
export function createAuthSession(options: AuthSessionOptions): AuthSession {
  let scheme: Scheme = { kind: "unknown" };
  let held: HeldToken[] = [];
  let loading: Promise<RegistryCredentials | null> | null = null;
  const pending = new Map<string, Promise<HeldToken>>();
  const secrets = new Set<string>();

  async function loadCredentials(): Promise<RegistryCredentials | null> {
    loading ??= options.credentials();
    try {
      const credentials = await loading;
      if (credentials !== null) {
        secrets.add("token" in credentials ? credentials.token : credentials.password);
        if ("password" in credentials) secrets.add(basic(credentials).slice("Basic ".length));
      }
      return credentials;
    } catch (error) {
      loading = null;
      throw error;
    }
  }

  async function requestToken(
    realm: TokenRealm,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<HeldToken> {
    const credentials = await loadCredentials();
    const authorization =
      credentials !== null && "password" in credentials ? basic(credentials) : null;
    const token = await fetchToken(options.exchange, realm, { scopes, authorization, signal });
    secrets.add(token.value);
    const renewAt = options.now() + token.lifetimeMs * RENEW_AFTER;
    const entry = { value: token.value, scopes, renewAt };
    held = [...held.filter((other) => !coversScopes(scopes, other.scopes)), entry];
    return entry;
  }

  /** One request per realm and scope set, however many wait for it. */
  async function getToken(
    realm: TokenRealm,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<string> {
    held = held.filter((token) => token.renewAt > options.now());
    const usable = held.find((token) => coversScopes(token.scopes, scopes));
    if (usable !== undefined) return usable.value;
    const key = [realm.url.href, realm.service, ...scopes].join(" ");
    const waiting = pending.get(key);
    if (waiting === undefined) {
      const mine = requestToken(realm, scopes, signal).finally(() => pending.delete(key));
      pending.set(key, mine);
      return (await mine).value;
    }
    try {
      return (await waiting).value;
    } catch (error) {
      signal.throwIfAborted();
      // The one who asked gave up; that is no reason for those who waited.
      if (error instanceof FloeError) throw error;
      return await getToken(realm, scopes, signal);
    }
  }

  function realmOf(challenge: Challenge): TokenRealm {
    const url = checkTarget(challenge.parameters.get("realm") ?? "", {
      registry: options.registry,
      from: options.registry,
      what: "token realm",
    });
    return { url, service: challenge.parameters.get("service") ?? null };
  }

  return {
    async authorize(access, { signal }) {
      if (scheme.kind === "fixed") return scheme.header;
      if (scheme.kind === "unknown") return null;
      const scopes = scopesFor(options.repository, access);
      return `Bearer ${await getToken(scheme.realm, scopes, signal)}`;
    },

    async reauthorize({ header, used, label }, access, { signal }) {
      const credentials = await loadCredentials();
      const challenges = parseChallenges(header);
      const bearer = challenges.find(({ scheme: name }) => name === "bearer");
      if (credentials !== null && "token" in credentials) {
        const own = `Bearer ${credentials.token}`;
        if (used === own || !isHeaderSafe(own)) throw refused(label, credentials);
        scheme = { kind: "fixed", header: own };
        return own;
      }
      if (bearer?.parameters.has("realm") === true) {
        const realm = realmOf(bearer);
        scheme = { kind: "bearer", realm };
        held = held.filter((token) => `Bearer ${token.value}` !== used);
        const asked = bearer.parameters.get("scope")?.split(" ") ?? [];
        const scopes = uniteScopes(scopesFor(options.repository, access), asked);
        return `Bearer ${await getToken(realm, scopes, signal)}`;
      }
      if (credentials !== null && challenges.some(({ scheme: name }) => name === "basic")) {
        const own = basic(credentials);
        if (used !== own) {
          scheme = { kind: "fixed", header: own };
          return own;
        }
      }
      throw refused(label, credentials);
    },

    refuse: async (label) => refused(label, await loadCredentials()),

    redact(text) {
      let clean = text;
      for (const secret of secrets) {
        if (secret.length >= 4) clean = clean.replaceAll(secret, "***");
      }
      return clean;
    },
  };
}

function refused(label: string, credentials: RegistryCredentials | null): FloeError {
  const who = credentials === null ? "wants credentials and none are configured" : null;
  const kind =
    credentials !== null && "token" in credentials
      ? "does not accept the configured token"
      : "does not accept the configured user name and password";
  return new FloeError({
    code: "FLOE_REGISTRY_UNAUTHORIZED",
    message: `${label}: the registry ${who ?? kind}`,
    hint: "Set auth and credentials_ref for the registry in the manifest, and check that the account may do this.",
    details: { retryable: false, status: 401 },
  });
}

function basic(credentials: { readonly username: string; readonly password: string }): string {
  const pair = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

function isHeaderSafe(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}
