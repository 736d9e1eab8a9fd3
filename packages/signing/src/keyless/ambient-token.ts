import type { CallOptions } from "@floe/core/ports";
import { own } from "../encoding/json-object.ts";
import { invalidToken } from "./identity-token.ts";
import type { TokenSource } from "./token-source.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_LENGTH = 128 * 1024;

/**
 * Finds what gives OIDC tokens here without a person: `SIGSTORE_ID_TOKEN` (GitLab's `id_tokens` set it), then GitHub Actions.
 * `null`: nothing does.
 */
export function ambientTokenSource(env: Environment): TokenSource | null {
  const given = env["SIGSTORE_ID_TOKEN"];
  if (given) return { name: "SIGSTORE_ID_TOKEN", fetch: async () => given };
  const url = env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const bearer = env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (!url || !bearer) return null;
  return {
    name: "GitHub Actions",
    fetch: (options) => fetchGithubToken(url, bearer, options),
  };
}

async function fetchGithubToken(
  requestUrl: string,
  bearer: string,
  { signal }: CallOptions,
): Promise<string> {
  const url = URL.canParse(requestUrl) ? new URL(requestUrl) : null;
  if (url === null || !isSafe(url))
    throw invalidToken("ACTIONS_ID_TOKEN_REQUEST_URL is not a URL that a token may go to");
  url.searchParams.set("audience", "sigstore");
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json", authorization: `Bearer ${bearer}` },
      redirect: "error",
      signal: limit,
    });
    status = response.status;
    text = await response.text();
  } catch (cause) {
    signal.throwIfAborted();
    // What failed may hold the request with its token.
    throw invalidToken(`GitHub Actions could not be asked for a token (${codeOf(cause)})`);
  }
  if (status !== 200) throw invalidToken(`GitHub Actions gave no token: it answered ${status}`);
  const value = text.length <= MAX_ANSWER_LENGTH ? tokenIn(text) : null;
  if (value === null)
    throw invalidToken("GitHub Actions answered with something else than a token");
  return value;
}

function isSafe(url: URL): boolean {
  const isLoopback = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}

function tokenIn(text: string): string | null {
  try {
    const value = own(JSON.parse(text), "value");
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

function codeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
    if (cause.name === "TimeoutError") return "no answer in time";
  }
  return "no answer";
}
