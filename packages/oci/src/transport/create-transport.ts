import type { ClientRequest } from "node:http";
import { type ConnectionOptions, createConnections } from "./connections.ts";
import { secretsInQuery } from "./hide-secrets.ts";
import { type HttpAnswer, type HttpBody, type HttpRequest, labelOf } from "./http-message.ts";
import { TimeLimitError, toNetworkError } from "./network-error.ts";

/** Time limits, in milliseconds. */
export interface Timeouts {
  /** From the start of a connection until it stands, TLS included. Default 10 000. */
  readonly connectMs: number;
  /** From the end of the request until the answer's headers. Default 30 000. */
  readonly headersMs: number;
  /** Between two pieces of a body, sent or received. Default 30 000. */
  readonly idleMs: number;
  /** For the whole of a body that is read into memory. Default 60 000. */
  readonly bodyMs: number;
  /** Bytes per second of a streamed body below which, over `idleMs`, the peer is given up. Default 256. */
  readonly minBytesPerSecond: number;
}

/** The time limits that apply where none are given. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  headersMs: 30_000,
  idleMs: 30_000,
  bodyMs: 60_000,
  minBytesPerSecond: 256,
};

/** Options of {@link createTransport}. */
export interface TransportOptions extends ConnectionOptions {
  readonly timeouts: Timeouts;
}

/** Sends HTTP requests over connections that are kept open. */
export interface Transport {
  readonly timeouts: Timeouts;
  /**
   * Sends one request and gives the answer's headers; whatever the status.
   * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - no connection, it broke, or a time limit ran out
   * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - what came is not HTTP
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes idle connections. */
  close(): void;
}

/** The most bytes of an answer's headers: signed addresses in them are long. */
const MAX_HEADER_BYTES = 32 * 1024;

/** Makes a transport. The http modules are reached late and by name, which starts 16 ms faster than importing them. */
export function createTransport(options: TransportOptions): Transport {
  const { timeouts } = options;
  const connections = createConnections(options, timeouts.connectMs);

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    const { method, url, body, signal } = request;
    const label = labelOf(method, url);
    signal.throwIfAborted();
    const route = connections.route(url, request.fresh === true);
    const http = route.secure
      ? process.getBuiltinModule("node:https")
      : process.getBuiltinModule("node:http");
    const outgoing = http.request({
      ...route.options,
      method,
      headers: { ...request.headers, ...lengthHeader(method, body), ...route.proxyHeaders },
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    try {
      const secrets = [...secretsInQuery(url), ...route.secrets];
      return await perform(outgoing, { method, body, label, url, secrets, timeouts, signal });
    } catch (error) {
      outgoing.destroy();
      if (error instanceof SourceError) throw error.cause;
      // The server closed an idle connection in the instant of its reuse: not a failure of this request.
      // Writes are left to whoever knows how to find out whether they arrived.
      if (isStale(error, outgoing) && !signal.aborted && body === undefined) {
        return await send({ ...request, fresh: true });
      }
      throw toNetworkError(error, label, signal);
    }
  }

  return { timeouts, send, close: () => connections.close() };
}

/** What a body's source threw; it is handed on as it is, since it is not the network's failure. */
class SourceError extends Error {}

interface Sending {
  readonly method: string;
  readonly body: HttpBody | undefined;
  readonly label: string;
  readonly url: URL;
  readonly secrets: readonly string[];
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal;
}

function perform(outgoing: ClientRequest, sending: Sending): Promise<HttpAnswer> {
  const { timeouts, method, label, url, secrets, signal } = sending;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  let timer: NodeJS.Timeout | undefined;
  const limit = (ms: number, what: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const error = new TimeLimitError(`${what} within ${ms / 1000} seconds`);
      outgoing.destroy(error);
      // A request that waits for its connection does not tell of its end.
      reject(error);
    }, ms);
  };
  const progress = () => limit(timeouts.idleMs, "the registry took nothing");
  let answered = false;

  // Not handed to http.request, which takes as long for its own listener as for the rest of the request.
  const abort = () => {
    clearTimeout(timer);
    reject(signal.reason);
    outgoing.destroy();
  };
  signal.addEventListener("abort", abort, { once: true });

  limit(timeouts.connectMs, "no connection");
  outgoing.once("socket", (socket) => {
    if (!socket.connecting) progress();
    else socket.once("encrypted" in socket ? "secureConnect" : "connect", progress);
  });
  outgoing.once("finish", () => {
    if (!answered) limit(timeouts.headersMs, "no answer");
  });
  outgoing.once("error", (error) => {
    clearTimeout(timer);
    reject(error);
  });
  outgoing.once("close", () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  });
  outgoing.once("response", (stream) => {
    answered = true;
    clearTimeout(timer);
    // An answer before the body was sent: what is left of it is not sent, and the connection is of no more use.
    if (!outgoing.writableEnded) stream.once("close", () => outgoing.destroy());
    const { statusCode: status = 0, headers } = stream;
    resolve({ method, status, headers, stream, url, label, secrets });
  });
  writeBody(outgoing, sending.body, { progress, isAnswered: () => answered }).catch((error) => {
    reject(error);
    outgoing.destroy();
  });
  return promise;
}

async function writeBody(
  outgoing: ClientRequest,
  body: HttpBody | undefined,
  { progress, isAnswered }: { progress: () => void; isAnswered: () => boolean },
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  const source = body.open()[Symbol.asyncIterator]();
  const drained = createDrain(outgoing);
  try {
    for (;;) {
      const next = await source.next().catch((error: unknown) => {
        throw new SourceError("the source failed", { cause: error });
      });
      if (next.done === true || isAnswered() || outgoing.destroyed) break;
      if (!outgoing.write(next.value)) await drained();
      if (!isAnswered()) progress();
    }
    if (!isAnswered()) outgoing.end();
  } finally {
    await source.return?.();
  }
}

/** Waits until a request takes more, or takes no more at all; one set of listeners for the whole of its body. */
function createDrain(outgoing: ClientRequest): () => Promise<void> {
  let waiting: (() => void) | null = null;
  const done = () => {
    waiting?.();
    waiting = null;
  };
  for (const event of ["drain", "close", "response"] as const) outgoing.on(event, done);
  return () => {
    if (!outgoing.writableNeedDrain || outgoing.destroyed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = resolve;
    return promise;
  };
}

function lengthHeader(method: string, body: HttpBody | undefined): Record<string, string> {
  if (body !== undefined) {
    return { "content-length": String(body instanceof Uint8Array ? body.length : body.size) };
  }
  // Without it node would announce a chunked body, which some registries refuse.
  return method === "POST" || method === "PUT" ? { "content-length": "0" } : {};
}

function isStale(error: unknown, outgoing: ClientRequest): boolean {
  if (!outgoing.reusedSocket || !(error instanceof Error) || !("code" in error)) return false;
  return error.code === "ECONNRESET" || error.code === "EPIPE";
}
