import type { CallOptions } from "@floe/core/ports";

/** Where OIDC tokens come from. */
export interface TokenSource {
  /** For messages: `SIGSTORE_ID_TOKEN`, `GitHub Actions`, `the login at https://…`. */
  readonly name: string;
  /** Gets a token; each call may ask for a new one. */
  fetch(options: CallOptions): Promise<string>;
}
