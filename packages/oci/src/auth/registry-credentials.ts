/** Where credentials come from and how long they are good for. */
interface CredentialFacts {
  /** For messages: the variable, file, helper or cloud that they come from. Never a secret. */
  readonly source?: string;
  /** When the registry stops to accept them. Default: never. */
  readonly expiresAt?: Date;
  /** When to ask for them again. Default: at `expiresAt`. */
  readonly renewAt?: Date;
}

/**
 * Credentials of a registry: a user name with its password, a token that is sent as it is, or an identity token, for
 * which the registry's token service gives tokens (docker token specification, `grant_type=refresh_token`).
 */
export type RegistryCredentials = CredentialFacts &
  (
    | { readonly username: string; readonly password: string }
    | { readonly token: string }
    | { readonly identityToken: string }
  );

/** Names credentials in a message, by their kind and source. */
export function describeCredentials(credentials: RegistryCredentials): string {
  const kind =
    "token" in credentials
      ? "token"
      : "identityToken" in credentials
        ? "identity token"
        : "user name and password";
  return credentials.source === undefined
    ? `the configured ${kind}`
    : `the ${kind} from ${credentials.source}`;
}

/** The value of an `Authorization` header for a user name and a password (RFC 7617). */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** Every text of these credentials that must not be shown. */
export function secretsOf(credentials: RegistryCredentials): string[] {
  if ("token" in credentials) return [credentials.token];
  if ("identityToken" in credentials) return [credentials.identityToken];
  const { username, password } = credentials;
  return [password, basicHeader(username, password).slice("Basic ".length)];
}
