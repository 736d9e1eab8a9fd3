import { FloeError, isFloeError } from "@floe/core/errors";
import type { Clock } from "@floe/core/ports";

/** How often and how patiently requests are repeated: `registry.resilience.retry` of the manifest. */
export interface RetrySettings {
  /** Attempts in all, at least 1. Default 3. */
  readonly maxAttempts: number;
  /** Milliseconds before the second attempt. Default 1000. */
  readonly initialDelayMs: number;
  /** Default 2. */
  readonly backoffMultiplier: number;
  /** Default 30 000. */
  readonly maxDelayMs: number;
  /** Waits a random part of the delay instead of all of it. Default `true`. */
  readonly jitter: boolean;
}

/** The settings that apply where the manifest gives none. */
export const DEFAULT_RETRY: RetrySettings = {
  maxAttempts: 3,
  initialDelayMs: 1000,
  backoffMultiplier: 2,
  maxDelayMs: 30_000,
  jitter: true,
};

/** The longest `Retry-After` that is waited for. */
export const LONGEST_PAUSE_MS = 60_000;

/** What {@link withRetry} waits with. */
export interface RetryContext {
  readonly settings: RetrySettings;
  readonly clock: Clock;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/**
 * Runs an attempt until it succeeds or fails for good. Only errors that say `details.retryable: true` are repeated.
 * @throws {FloeError} whatever the last attempt threw
 */
export async function withRetry<Result>(
  context: RetryContext,
  signal: AbortSignal,
  run: (attempt: number) => Promise<Result>,
): Promise<Result> {
  const { settings, clock } = context;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isFloeError(error) || error.details?.["retryable"] !== true) throw error;
      if (attempt >= settings.maxAttempts) throw error;
      const delay = delayOf(error, attempt, context);
      if (delay > 0) await clock.sleep(delay, { signal });
    }
  }
}

/** What is still to be waited for here. A pause that the host asked for is kept by all requests to it (`guardHosts`). */
function delayOf(error: FloeError, attempt: number, { settings, random }: RetryContext): number {
  const asked = error.details?.["retry_after_ms"];
  if (typeof asked === "number" && asked > LONGEST_PAUSE_MS) throw tooLong(error, asked);
  const isPaused = error.details?.["status"] === 429 || (typeof asked === "number" && asked > 0);
  return isPaused ? 0 : backoffMs(attempt, settings, random);
}

/** The pause after the `attempt`-th failure, in milliseconds. */
export function backoffMs(attempt: number, settings: RetrySettings, random: () => number): number {
  const { initialDelayMs, backoffMultiplier, maxDelayMs, jitter } = settings;
  const full = Math.min(initialDelayMs * backoffMultiplier ** (attempt - 1), maxDelayMs);
  return jitter ? full * random() : full;
}

function tooLong(error: FloeError, askedMs: number): FloeError {
  return new FloeError({
    code: error.code,
    message: error.message,
    hint: `The registry asks to wait ${Math.ceil(askedMs / 1000)} seconds; try again after that.`,
    ...(error.details === undefined ? {} : { details: error.details }),
    cause: error,
  });
}

/** Reads `Retry-After`, in seconds or as an HTTP date (RFC 9110, section 10.2.3); `null` if it is neither. */
export function parseRetryAfter(value: string | undefined, now: Date): number | null {
  if (value === undefined) return null;
  if (/^\s*\d{1,10}\s*$/.test(value)) return Number(value) * 1000;
  // Date.parse takes more than dates of this form, `-5` for one.
  const date = /^\s*[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now.getTime());
}
