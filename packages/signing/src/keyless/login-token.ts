import type { TokenSource } from "./token-source.ts";

/** How a person is reached. */
export interface LoginPrompt {
  /** Shows a line to the person. */
  show(line: string): void;
  /** Opens a page for the person; may do nothing, as its address is shown as well. */
  open(url: string): void;
}

/** How a person logs in. */
export interface LoginOptions {
  readonly issuer: string;
  readonly clientId: string;
  /** `browser`: a page that comes back to this machine; `device`: a code to type in anywhere. */
  readonly flow: "browser" | "device";
  readonly prompt: LoginPrompt;
}

/** Makes the source of tokens that a person gets by logging in. Each call is a login. */
export function loginTokenSource(options: LoginOptions): TokenSource {
  const name = `the login at ${options.issuer}`;
  return {
    name,
    async fetch({ signal }) {
      const { logIn } = await import("./log-in.ts");
      return await logIn(options, name, { signal });
    },
  };
}
