import type { AuditBackendError, AuditFailure } from "../../contract/index.ts";
import { FloeError, type FloeErrorCode, isFloeError } from "../../errors/index.ts";
import { timeLimit } from "../../plugins/time-limit.ts";
import type { CallOptions } from "../../ports/index.ts";

/** Something outside that is opened when it is first asked. */
export interface Place<Opened> {
  /**
   * Asks it, in time.
   * @throws {FloeError} FLOE_ANCHOR_UNAVAILABLE, FLOE_ANCHOR_UNAUTHENTICATED, FLOE_CHECKPOINT_INVALID, or its own FloeError
   */
  ask<Answer>(
    options: CallOptions,
    work: (opened: Opened, call: CallOptions) => Promise<Answer>,
  ): Promise<Answer>;
  /** What was opened; `null`: nothing was asked yet. */
  opened(): Promise<Opened | null>;
}

/** How long a place may take for an answer, in milliseconds: one that hangs must not hang the others' verdicts. */
const DEADLINE_MS = 30_000;

/**
 * Puts what is opened behind a deadline that it cannot ignore, and turns what it throws into floe's errors. `describe` gives
 * its name for messages.
 */
export function createPlace<Opened>(
  describe: () => string,
  open: (options: CallOptions) => Promise<Opened>,
  deadlineMs: number = DEADLINE_MS,
): Place<Opened> {
  let opening: Promise<Opened> | null = null;

  async function openOnce(call: CallOptions): Promise<Opened> {
    opening ??= open(call);
    try {
      return await opening;
    } catch (cause) {
      // Whoever comes next tries again.
      opening = null;
      throw cause;
    }
  }

  return {
    opened: async () => (await opening?.catch(() => null)) ?? null,
    async ask(options, work) {
      options.signal.throwIfAborted();
      using limit = timeLimit(deadlineMs);
      const signal = AbortSignal.any([options.signal, limit.signal]);
      const { promise: stopped, reject } = Promise.withResolvers<never>();
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      try {
        const answer = openOnce({ signal }).then((opened) => work(opened, { signal }));
        // Whoever comes too late is not listened to, and must not end the program.
        answer.catch(() => undefined);
        return await Promise.race([answer, stopped]);
      } catch (cause) {
        options.signal.throwIfAborted();
        const known = limit.signal.aborted
          ? new Error(`no answer within ${deadlineMs / 1000} s`)
          : cause;
        throw isFloeError(known) ? known : errorOf(describe(), known as AuditBackendError);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

const CODES: Readonly<Record<AuditFailure, FloeErrorCode>> = {
  unavailable: "FLOE_ANCHOR_UNAVAILABLE",
  denied: "FLOE_ANCHOR_UNAVAILABLE",
  refused: "FLOE_ANCHOR_UNAVAILABLE",
  unauthenticated: "FLOE_ANCHOR_UNAUTHENTICATED",
  corrupt: "FLOE_CHECKPOINT_INVALID",
};

function errorOf(anchor: string, cause: AuditBackendError): FloeError {
  const failure = cause.failure ?? "unavailable";
  return new FloeError({
    code: Object.hasOwn(CODES, failure) ? CODES[failure] : "FLOE_ANCHOR_UNAVAILABLE",
    message: `anchor ${anchor}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: cause.hint ?? "Run the same command again when the anchor answers.",
    details: { anchor },
    cause,
  });
}
