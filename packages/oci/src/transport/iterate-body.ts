import type { HttpAnswer } from "./http-message.ts";
import { TimeLimitError, toNetworkError } from "./network-error.ts";

/** What came and was not taken yet may be so much, in bytes; then the peer has to wait. */
const MOST_WAITING = 128 * 1024;

/** Limits of reading an answer's body. */
export interface ReadLimits {
  readonly signal: AbortSignal;
  /** The longest pause between two pieces. */
  readonly idleMs: number;
  /** Over each `idleMs` of waiting. Default 0, no least speed. */
  readonly minBytesPerSecond?: number;
}

/** The pieces of a body, in order; `return` leaves it, which closes the connection. */
export interface BodyPieces extends AsyncIterableIterator<Uint8Array, void, undefined> {
  return(): Promise<IteratorResult<Uint8Array, void>>;
}

/**
 * Gives the pieces of a body as they come. Leaving the loop closes the connection. It listens to the stream instead of
 * iterating over it: for each piece, Node.js's own iterator costs as much as hashing it does.
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - it broke off, paused longer than `idleMs`, or came too slowly
 */
export function iterateBody(
  { stream, label }: HttpAnswer,
  { signal, idleMs, minBytesPerSecond = 0 }: ReadLimits,
): BodyPieces {
  const ready: Uint8Array[] = [];
  let readyBytes = 0;
  let end: "ended" | "left" | { readonly error: unknown } | null = null;
  let taker: PromiseWithResolvers<IteratorResult<Uint8Array, void>> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let since = 0;
  let waitedMs = 0;
  let bytes = 0;

  function finish(how: NonNullable<typeof end>): void {
    if (end !== null) return;
    end = how;
    stream.off("data", take);
    if (timer !== null) clearTimeout(timer);
    if (taker === null) return;
    const waiting = taker;
    taker = null;
    settle(waiting);
  }

  function settle({ resolve, reject }: PromiseWithResolvers<IteratorResult<Uint8Array, void>>) {
    if (end === null || typeof end === "string") resolve({ done: true, value: undefined });
    else reject(toNetworkError(end.error, label, signal));
  }

  function fail(error: unknown): void {
    finish({ error });
    if (!stream.readableEnded) stream.destroy();
  }

  function take(piece: Uint8Array): void {
    bytes += piece.length;
    if (taker === null) {
      ready.push(piece);
      readyBytes += piece.length;
      if (readyBytes >= MOST_WAITING) stream.pause();
      return;
    }
    // Only the time that somebody waited is the peer's.
    waitedMs += performance.now() - since;
    if (waitedMs >= idleMs) {
      if (bytes < (minBytesPerSecond * waitedMs) / 1000) {
        fail(tooSlow(bytes, waitedMs));
        return;
      }
      waitedMs = 0;
      bytes = 0;
    }
    const waiting = taker;
    taker = null;
    waiting.resolve({ done: false, value: piece });
  }

  let begun = false;
  function begin(): void {
    begun = true;
    stream.on("end", () => finish("ended"));
    stream.on("error", (error) => finish({ error }));
    stream.on("close", () => finish({ error: stream.errored ?? brokenOff() }));
    if (stream.readableEnded) finish("ended");
    else if (stream.destroyed) finish({ error: stream.errored ?? brokenOff() });
    else stream.on("data", take);
  }

  function watch(): void {
    since = performance.now();
    if (timer !== null) timer.refresh();
    else
      timer = setTimeout(() => {
        if (taker !== null) fail(new TimeLimitError(`nothing came for ${idleMs / 1000} seconds`));
      }, idleMs);
  }

  const pieces: BodyPieces = {
    [Symbol.asyncIterator]: () => pieces,
    next() {
      if (!begun) begin();
      const piece = ready.shift();
      if (piece !== undefined) {
        readyBytes -= piece.length;
        if (readyBytes < MOST_WAITING && stream.isPaused()) stream.resume();
        return Promise.resolve({ done: false, value: piece });
      }
      const wanted = Promise.withResolvers<IteratorResult<Uint8Array, void>>();
      if (end !== null) settle(wanted);
      else {
        taker = wanted;
        watch();
      }
      return wanted.promise;
    },
    return() {
      finish("left");
      ready.length = 0;
      if (!stream.readableEnded) stream.destroy();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return pieces;
}

function brokenOff(): Error {
  return Object.assign(new Error("the answer ended early"), { code: "ERR_STREAM_PREMATURE_CLOSE" });
}

function tooSlow(bytes: number, waitedMs: number): TimeLimitError {
  return new TimeLimitError(`only ${bytes} bytes came in ${Math.round(waitedMs / 1000)} seconds`);
}
