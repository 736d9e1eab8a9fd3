import type { CallOptions, Clock, Logger, StoreStats } from "@floe/core/ports";
import { type AuthSession, createAuthSession } from "../auth/create-auth-session.ts";
import type { RegistryCredentials } from "../auth/registry-credentials.ts";
import type { Access } from "../auth/scopes.ts";
import { checkTarget } from "../transport/check-target.ts";
import type { Transport } from "../transport/create-transport.ts";
import { discard, followRedirects } from "../transport/follow-redirects.ts";
import { type HttpAnswer, type HttpBody, labelOf } from "../transport/http-message.ts";
import { readBody, readSome } from "../transport/read-body.ts";
import { answerError, MAX_ERROR_BYTES } from "./answer-error.ts";
import { guardHosts, type HostRules } from "./guard-hosts.ts";
import { readWarnings } from "./read-warnings.ts";
import type { RegistryLocation } from "./registry-location.ts";
import { type RetryContext, withRetry } from "./retry.ts";
import { createServerClock } from "./server-clock.ts";

const MAX_TOKEN_BYTES = 128 * 1024;

/** One request to the repository. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** Below `/v2/<repository>/`, or a whole address that the registry gave and that was checked. */
  readonly target: string | URL;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  /** Statuses that are answers; all others throw. */
  readonly accept: readonly number[];
  readonly fresh?: boolean;
  /** The body is handed out as it comes. */
  readonly streamed?: boolean;
}

/** An answer with its body read. */
export interface RegistryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly url: URL;
  readonly label: string;
  /** What the registry says, for a message: in quotes, without secrets, and at most a hundred characters of it. */
  readonly quote: (text: string) => string;
}

/** Sends one request of a repository. */
export type Send = (request: RegistryRequest, options: CallOptions) => Promise<RegistryAnswer>;

/** Speaks to one repository: credentials, redirects, limits and errors, but nothing of what requests mean. */
export interface RegistryClient {
  readonly location: RegistryLocation;
  readonly stats: StoreStats;
  readonly clock: Clock;
  readonly random: () => number;
  readonly monotonicMs: () => number;
  /** The registry's clock. */
  now(): Date;
  /** Sends a request and repeats it where that is safe and can help; every request given here must be repeatable. */
  readonly request: Send;
  /** Sends a request once; only a 401 makes it two. */
  readonly attempt: Send;
  /** As `attempt`, and leaves the body to the caller. */
  open(request: RegistryRequest, options: CallOptions): Promise<HttpAnswer>;
  /** Repeats a piece of work by the same rules. */
  retry<Result>(signal: AbortSignal, run: (attempt: number) => Promise<Result>): Promise<Result>;
  /** Resolves an address out of an answer, checked. */
  resolveTarget(target: string, from: URL, what: string, sameOrigin?: boolean): URL;
  /** What streamed bodies are read by. */
  readonly idleMs: number;
  readonly minBytesPerSecond: number;
  close(): void;
}

/** What {@link createRegistryClient} needs. */
export interface RegistryClientOptions extends HostRules {
  readonly location: RegistryLocation;
  readonly transport: Transport;
  readonly credentials: (options: CallOptions) => Promise<RegistryCredentials | null>;
  readonly maxManifestBytes: number;
  readonly userAgent: string;
  /** Told what the registry warns of. */
  readonly logger: Pick<Logger, "warn"> | null;
}

const MAX_QUOTED = 100;
/** A registry that warns of every request in other words is not listened to for ever. */
const MAX_WARNINGS = 20;

/** Makes the client of one repository. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { location, clock, random, monotonicMs } = options;
  const { origin } = location;
  const transport = guardHosts(options.transport, options);
  const { idleMs, bodyMs, minBytesPerSecond } = transport.timeouts;
  const serverClock = createServerClock(() => clock.now(), monotonicMs);
  const retryContext: RetryContext = { settings: options.retry, clock, random };
  let requests = 0;
  let writes = 0;

  const session: AuthSession = createAuthSession({
    registry: origin,
    repository: location.repository,
    credentials: options.credentials,
    monotonicMs,
    now: () => clock.now(),
    exchange: async ({ url, authorization, form, signal }) => {
      const body = form === undefined ? {} : { body: Buffer.from(form, "utf8") };
      const headers = {
        accept: "application/json",
        "user-agent": options.userAgent,
        ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      };
      const answer = await followRedirects(
        transport,
        { method: form === undefined ? "GET" : "POST", url, headers, signal, ...body },
        {
          authorization,
          credentialOrigin: url.origin,
          registry: origin,
          onAnswer: () => {},
          onRequest: () => {
            requests += 1;
          },
        },
      );
      const limits = { signal, idleMs, totalMs: bodyMs, maxBytes: MAX_TOKEN_BYTES };
      if (answer.status === 200) return { answer, body: await readBody(answer, limits) };
      await discard(transport, answer, signal);
      return { answer, body: new Uint8Array() };
    },
  });

  function addressOf(target: string | URL): URL {
    return typeof target === "string"
      ? new URL(`/v2/${location.repository}/${target}`, origin)
      : target;
  }

  async function exchange(
    request: RegistryRequest,
    authorization: string | null,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    return await followRedirects(
      transport,
      {
        method: request.method,
        url: addressOf(request.target),
        headers: { "user-agent": options.userAgent, ...request.headers },
        signal,
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.fresh === undefined ? {} : { fresh: request.fresh }),
        ...(request.streamed === undefined ? {} : { streamed: request.streamed }),
      },
      {
        authorization,
        credentialOrigin: origin.origin,
        registry: origin,
        onAnswer: (answer) => {
          if (answer.url.origin !== origin.origin) return;
          serverClock.observe(answer.headers.date);
          if (answer.headers.warning !== undefined) tellWarnings(answer, answer.headers.warning);
        },
        onRequest: (method) => {
          requests += 1;
          if (method === "PUT" || method === "DELETE") writes += 1;
        },
      },
    );
  }

  /** Shows each warning once per process and registry. */
  function tellWarnings({ secrets }: HttpAnswer, header: string): void {
    const { shown } = options.hosts.of(origin.origin);
    // Before they are cut, too: a part of a secret would not be recognised.
    for (const text of readWarnings(session.redact(header, secrets))) {
      const warning = session.redact(text, secrets);
      if (shown.has(warning) || shown.size >= MAX_WARNINGS) continue;
      shown.add(warning);
      options.logger?.warn(`${origin.host} says: ${warning}`);
    }
  }

  /** Sends with credentials, renewing them once, and turns every status that is no answer into an error. */
  async function start(request: RegistryRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { access } = request;
    const used = await session.authorize(access, { signal });
    let answer = await exchange(request, used, signal);
    const { status } = answer;
    // A 401 of another host than the registry's is not about the registry's credentials.
    if ((status === 401 || status === 403) && answer.url.origin === origin.origin) {
      const challenges = answer.stream.headersDistinct["www-authenticate"] ?? [];
      const label = labelOf(request.method, addressOf(request.target));
      if (status === 401) await discard(transport, answer, signal);
      const refusal = { status, challenges, used, label };
      const renewed = await session.reauthorize(refusal, access, { signal });
      if (renewed !== null) {
        if (status === 403) await discard(transport, answer, signal);
        answer = await exchange(request, renewed, signal);
      }
      if (answer.status === 401) {
        await discard(transport, answer, signal);
        throw await session.refuse(label, access, { signal });
      }
    }
    if (request.accept.includes(answer.status)) return answer;
    const limits = { signal, idleMs, totalMs: bodyMs, maxBytes: MAX_ERROR_BYTES };
    const body = await readSome(answer, limits);
    throw answerError(answer, body, {
      now: serverClock.now(),
      redact: (text) => session.redact(text, answer.secrets),
    });
  }

  async function attempt(
    request: RegistryRequest,
    { signal }: CallOptions,
  ): Promise<RegistryAnswer> {
    const answer = await start(request, signal);
    const { status, url, label } = answer;
    const body = await readBody(answer, {
      signal,
      idleMs,
      totalMs: bodyMs,
      maxBytes: options.maxManifestBytes,
    });
    const quote = (text: string) =>
      JSON.stringify(session.redact(text, answer.secrets).slice(0, MAX_QUOTED));
    return { status, headers: flatten(answer), body, url, label, quote };
  }

  return {
    location,
    clock,
    random,
    monotonicMs,
    idleMs,
    minBytesPerSecond,
    get stats() {
      return { requests, writes };
    },
    now: () => serverClock.now(),
    attempt,
    request: (request, { signal }) =>
      withRetry(retryContext, signal, () => attempt(request, { signal })),
    open: (request, { signal }) => start({ ...request, streamed: true }, signal),
    retry: (signal, run) => withRetry(retryContext, signal, run),
    resolveTarget: (target, from, what, sameOrigin = false) =>
      checkTarget(target, { registry: origin, from, what, sameOrigin }),
    close: () => transport.close(),
  };
}

/** One text per header. Control characters that HTTP lets pass go: terminals take orders from them. */
function flatten(answer: HttpAnswer): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      (Array.isArray(value) ? value.join(", ") : value)?.replace(/[\u0080-\u009f]/g, " "),
    ]),
  );
}
