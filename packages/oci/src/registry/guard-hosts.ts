import { FloeError, isFloeError } from "@floe/core/errors";
import type { Clock, Telemetry } from "@floe/core/ports";
import { FACTS } from "@floe/core/telemetry";
import type { Transport } from "../transport/create-transport.ts";
import type { HttpAnswer, HttpBody, HttpRequest } from "../transport/http-message.ts";
import { portOf } from "../transport/trace-transport.ts";
import type { BreakerSettings, RequestOutcome } from "./circuit-breaker.ts";
import type { HostState, HostStates } from "./host-state.ts";
import { backoffMs, LONGEST_PAUSE_MS, parseRetryAfter, type RetrySettings } from "./retry.ts";

/** What {@link guardHosts} goes by. */
export interface HostRules {
  readonly hosts: HostStates;
  readonly breaker: BreakerSettings;
  /** For the pause after a 429 that names none. */
  readonly retry: RetrySettings;
  /** Requests to one origin at a time, and as many uploads. */
  readonly maxConcurrent: number;
  /** Requests to one origin in a second, evenly spread; `null`: no limit. */
  readonly requestsPerSecond: number | null;
  readonly clock: Clock;
  readonly monotonicMs: () => number;
  readonly random: () => number;
  /** Told when the breaker of a host opens and closes. */
  readonly telemetry: Telemetry | null;
}

/**
 * Puts what is shared per origin before a transport: places, the rate limit, pauses that a host asked for, and the
 * circuit breaker.
 */
export function guardHosts(transport: Transport, rules: HostRules): Transport {
  const { hosts, clock, monotonicMs } = rules;

  async function waitForTurn(host: HostState, origin: string, signal: AbortSignal): Promise<void> {
    let seen = -1;
    // Somebody else's 429 may have made the pause longer meanwhile.
    while (host.pausedUntilMs > monotonicMs() && host.pausedUntilMs !== seen) {
      seen = host.pausedUntilMs;
      const rest = seen - monotonicMs();
      if (rest > LONGEST_PAUSE_MS) throw pausedTooLong(origin, rest, clock.now());
      await clock.sleep(rest, { signal });
    }
    if (rules.requestsPerSecond === null) return;
    const now = monotonicMs();
    const start = Math.max(now, host.nextStartMs);
    host.nextStartMs = start + 1000 / rules.requestsPerSecond;
    if (start > now) await clock.sleep(start - now, { signal });
  }

  function noteThrottle(host: HostState, answer: HttpAnswer): void {
    const { status, headers } = answer;
    if (status < 400) host.throttled = 0;
    if (status !== 429 && status !== 503) return;
    const sent = Date.parse(headers.date ?? "");
    const asked = parseRetryAfter(
      headers["retry-after"],
      Number.isNaN(sent) ? clock.now() : new Date(sent),
    );
    const now = monotonicMs();
    if (asked !== null && asked > 0) {
      host.pausedUntilMs = Math.max(host.pausedUntilMs, now + asked);
    } else if (status === 429 && host.pausedUntilMs <= now) {
      // One pause for all who were refused at the same time.
      host.throttled += 1;
      host.pausedUntilMs = now + backoffMs(host.throttled, rules.retry, rules.random);
    }
  }

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    const { url, signal, body } = request;
    const host = hosts.of(url.origin);
    const lane = isStream(body) ? host.uploads : host.requests;
    const leave = await lane.acquire(rules.maxConcurrent, signal);
    let settle: (outcome: RequestOutcome) => void = () => {};
    const source = watchSource(body);
    try {
      await waitForTurn(host, url.origin, signal);
      if (rules.breaker.enabled) {
        const admission = host.breaker.enter(rules.breaker, monotonicMs());
        if (admission.kind === "held-back") {
          rules.telemetry?.measure("floe.registry.held_back", 1, hostFacts(url));
          throw heldBack(url, admission, clock.now());
        }
        settle = (outcome) => {
          const before = host.breaker.isOpen;
          admission.settle(outcome, monotonicMs());
          if (host.breaker.isOpen !== before)
            tellBreaker(host.breaker.isOpen, url, rules.telemetry);
        };
      }
      const answer = await transport.send(
        source.body === undefined ? request : { ...request, body: source.body },
      );
      noteThrottle(host, answer);
      if (answer.status >= 500) settle({ kind: "failed", cause: answerFailure(answer) });
      else if (request.streamed === true) settle({ kind: "answered" });
      if (request.streamed === true) leave();
      watchEnd(answer, (error) => {
        leave();
        if (signal.aborted) settle({ kind: "unknown" });
        else settle(error === null ? { kind: "answered" } : { kind: "failed", cause: error });
      });
      return answer;
    } catch (error) {
      leave();
      const theirs =
        !signal.aborted &&
        !source.failedWith(error) &&
        isFloeError(error, "FLOE_REGISTRY_UNAVAILABLE");
      settle(theirs ? { kind: "failed", cause: error } : { kind: "unknown" });
      throw error;
    }
  }

  return { timeouts: transport.timeouts, send, close: () => transport.close() };
}

function hostFacts(url: URL) {
  return { [FACTS.address]: url.hostname, [FACTS.port]: portOf(url) };
}

function tellBreaker(isOpen: boolean, url: URL, telemetry: Telemetry | null): void {
  if (telemetry === null) return;
  const facts = hostFacts(url);
  telemetry.measure("floe.registry.breaker.open", isOpen ? 1 : 0, facts);
  const what = isOpen ? "failed again and again: requests are held back" : "answers again";
  telemetry.log(isOpen ? "warn" : "info", `${url.host} ${what}`, facts, "floe.registry.breaker");
}

function isStream(body: HttpBody | undefined): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** Tells a failure of an upload's source, which may be another registry, from one of the host. */
function watchSource(body: HttpBody | undefined) {
  let failure: { readonly error: unknown } | null = null;
  const failedWith = (error: unknown) => failure !== null && failure.error === error;
  if (body === undefined || body instanceof Uint8Array) return { body, failedWith };
  const note = (error: unknown) => {
    failure = { error };
  };
  return {
    body: {
      size: body.size,
      open: () => {
        const pieces = body.open()[Symbol.asyncIterator]();
        const next = () => {
          const piece = pieces.next();
          piece.catch(note);
          return piece;
        };
        const leave = async () =>
          (await pieces.return?.()) ?? { done: true as const, value: undefined };
        return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
      },
    },
    failedWith,
  };
}

/** Calls back once when nothing more of an answer is to come; with an error only if the peer is to blame. */
function watchEnd({ stream }: HttpAnswer, ended: (error: unknown) => void): void {
  let done = false;
  const finish = (error: unknown) => {
    if (done) return;
    done = true;
    ended(error);
  };
  stream.once("end", () => finish(null));
  stream.once("error", finish);
  // Left in the middle by floe itself.
  stream.once("close", () => finish(stream.errored ?? null));
}

function answerFailure(answer: HttpAnswer): Error {
  return new Error(`${answer.label}: the registry answered ${answer.status}`);
}

function heldBack(
  url: URL,
  held: { readonly waitMs: number; readonly failures: number; readonly cause: unknown },
  now: Date,
): FloeError {
  const last = held.cause instanceof Error ? held.cause.message : "";
  const again = new Date(now.getTime() + held.waitMs).toISOString();
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message: `${url.host} failed ${held.failures} times in a row and is left alone for now; the last time: ${last}`,
    hint:
      held.waitMs > 0
        ? `Check the address and the network, then try again. A process that goes on running asks it again in ${Math.ceil(held.waitMs / 1000)} seconds, at ${again}.`
        : "Another request is finding out just now whether it is back.",
    details: { retryable: false, host: url.host, retry_after_ms: held.waitMs },
    cause: held.cause,
  });
}

function pausedTooLong(origin: string, restMs: number, now: Date): FloeError {
  const again = new Date(now.getTime() + restMs).toISOString();
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message: `${origin} asked for a pause of ${Math.ceil(restMs / 1000)} seconds, which floe does not sit out`,
    hint: `The registry limits requests; try again after ${again}.`,
    details: { retryable: false, retry_after_ms: restMs },
  });
}
