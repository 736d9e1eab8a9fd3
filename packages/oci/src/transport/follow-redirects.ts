import { FloeError } from "@floe/core/errors";
import { checkTarget } from "./check-target.ts";
import type { Transport } from "./create-transport.ts";
import { type HttpAnswer, type HttpRequest, labelOf } from "./http-message.ts";
import { readSome } from "./read-body.ts";

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_HOPS = 10;
const DISCARD_BYTES = 64 * 1024;

/** Who may see the credentials, and what counts as the registry. */
export interface RedirectRules {
  /** Sent to `credentialOrigin` only, and no more once a redirect has left it. */
  readonly authorization: string | null;
  /** `URL.origin`: scheme, host and port. */
  readonly credentialOrigin: string;
  readonly registry: URL;
  /** Called with every answer, redirects included. */
  readonly onAnswer: (answer: HttpAnswer) => void;
  /** Called before every request. */
  readonly onRequest: (method: string) => void;
}

/**
 * Sends a request and follows redirects of GET and HEAD by hand, at most ten.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - too many, in a circle, of a write, or to a forbidden address
 */
export async function followRedirects(
  transport: Transport,
  request: HttpRequest,
  rules: RedirectRules,
): Promise<HttpAnswer> {
  let url = request.url;
  let { authorization } = rules;
  const seen = new Set<string>();
  for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
    if (url.origin !== rules.credentialOrigin) authorization = null;
    // The same address without credentials is another request.
    const key = `${url.href} ${authorization === null}`;
    if (seen.has(key)) {
      throw new FloeError({
        code: "FLOE_REGISTRY_RESPONSE_INVALID",
        message: `${labelOf(request.method, url)}: the redirects lead in a circle`,
      });
    }
    seen.add(key);
    const headers = {
      ...request.headers,
      "accept-encoding": "identity",
      ...(authorization === null ? {} : { authorization }),
    };
    rules.onRequest(request.method);
    const answer = await transport.send({ ...request, url, headers });
    rules.onAnswer(answer);
    const location = answer.headers.location;
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer;
    await discard(transport, answer, request.signal);
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new FloeError({
        code: "FLOE_REGISTRY_RESPONSE_INVALID",
        message: `${answer.label}: the registry redirects a write, to another address`,
        hint: "Configure the address that the registry itself uses, with the right scheme.",
      });
    }
    url = checkTarget(location, { registry: rules.registry, from: url, what: "redirect" });
  }
  throw new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${labelOf(request.method, request.url)}: more than ${MAX_HOPS} redirects`,
  });
}

/** Reads what is left of a small answer, so that its connection can be used again. */
export async function discard(
  transport: Transport,
  answer: HttpAnswer,
  signal: AbortSignal,
): Promise<void> {
  const { idleMs, bodyMs } = transport.timeouts;
  await readSome(answer, { signal, idleMs, totalMs: bodyMs, maxBytes: DISCARD_BYTES });
}
