import type { SigstoreServices } from "@floe/core/manifest";
import type { Signer } from "@floe/core/ports";
import { type IdentityToken, invalidToken, parseIdentityToken } from "./identity-token.ts";
import type { TokenSource } from "./token-source.ts";

/** What a keyless signer is made of. */
export interface KeylessSignerOptions {
  readonly tokens: TokenSource;
  readonly services: SigstoreServices;
  /** By which a token has expired. */
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** A token is not used in its last seconds: it has to reach the certificate authority alive. */
const MARGIN_MS = 20_000;

/**
 * Makes a signer of an OIDC token. Who it is comes from the token, so that a dry run asks no certificate authority. Every
 * signature has a key and a certificate of its own; a token that has expired by then is fetched again, and must be of the
 * same subject.
 * @throws {FloeError} FLOE_IDENTITY_TOKEN_INVALID - there is no token, or none that says who holds it
 */
export async function createKeylessSigner(options: KeylessSignerOptions): Promise<Signer> {
  const { tokens, services, now } = options;
  let token = await fetchToken(options.signal);
  const { issuer, subject } = token;

  async function fetchToken(signal: AbortSignal): Promise<IdentityToken> {
    const fresh = parseIdentityToken(await tokens.fetch({ signal }), tokens.name);
    if (fresh.expiresAt.getTime() - now().getTime() < MARGIN_MS)
      throw invalidToken(
        `the token of ${tokens.name} ${fresh.expiresAt <= now() ? "expired" : "expires"} at ${fresh.expiresAt.toISOString()}`,
      );
    return fresh;
  }

  async function validToken(signal: AbortSignal): Promise<IdentityToken> {
    if (token.expiresAt.getTime() - now().getTime() >= MARGIN_MS) return token;
    const fresh = await fetchToken(signal);
    if (fresh.issuer !== issuer || fresh.subject !== subject)
      throw invalidToken(
        `the new token of ${tokens.name} is of ${fresh.subject} (${fresh.issuer}), and the run began as ${subject} (${issuer})`,
      );
    token = fresh;
    return token;
  }

  return {
    signer: { method: "keyless", issuer, subject },
    async sign(statement, { signal }) {
      signal.throwIfAborted();
      const { signKeyless } = await import("./sign-keyless.ts");
      return await signKeyless(
        { statement, token: await validToken(signal), services },
        { signal },
      );
    },
  };
}
