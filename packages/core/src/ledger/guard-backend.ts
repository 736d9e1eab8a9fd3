import type {
  AuditBackend,
  AuditBackendError,
  AuditCapabilities,
  AuditFailure,
} from "../contract/index.ts";
import { FloeError, type FloeErrorCode, isFloeError } from "../errors/index.ts";
import { timeLimit } from "../plugins/time-limit.ts";
import type { CallOptions } from "../ports/index.ts";
import type { LedgerStore } from "./ledger-store.ts";
import type { SharingBackend } from "./oci-backend.ts";

/** How long a store may take for an answer, in milliseconds. Then nothing goes on: a ledger that hangs must not hang floe. */
const DEADLINE_MS = 10_000;

/** How many slots are pruned at a time. */
const PRUNE_AT_ONCE = 1000;

/** A backend behind floe's deadline, errors and names of chains. */
export interface GuardedBackend extends SharingBackend {
  /** Opens the store and asks it something, in time. `what` says what it has not done when it fails. */
  ask<Answer>(
    what: string,
    options: CallOptions,
    work: (backend: AuditBackend, call: CallOptions) => Promise<Answer>,
  ): Promise<Answer>;
}

/**
 * Puts a plugin's backend behind a deadline that it cannot ignore, turns what it throws into floe's errors, and calls the
 * one chain of an environment by the name that it has in the store.
 */
export function guardBackend(
  store: LedgerStore,
  chainName: () => string,
  environment: string,
  deadlineMs: number = DEADLINE_MS,
): GuardedBackend {
  let capabilities: AuditCapabilities | null = null;

  const failed = (cause: unknown, what: string): unknown =>
    isFloeError(cause) ? cause : errorOf(store.id, environment, what, cause as AuditBackendError);

  async function ask<Answer>(
    what: string,
    options: CallOptions,
    work: (backend: AuditBackend, call: CallOptions) => Promise<Answer>,
    writes = false,
  ): Promise<Answer> {
    options.signal.throwIfAborted();
    using limit = timeLimit(deadlineMs);
    const late = limit.signal;
    const signal = AbortSignal.any([options.signal, late]);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    let asked = false;
    try {
      const answer = (async () => {
        const backend = await store.open({ signal });
        capabilities = backend.capabilities();
        asked = true;
        return await work(backend, { signal });
      })();
      // Whoever comes too late is not listened to, and must not end the program.
      answer.catch(() => undefined);
      return await Promise.race([answer, stopped]);
    } catch (cause) {
      options.signal.throwIfAborted();
      if (!late.aborted) throw failed(cause, what);
      throw unanswered(store.id, environment, what, deadlineMs, writes && asked, cause);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  // Each item has to come in time; the whole may take longer.
  async function* each<Item>(
    options: CallOptions,
    start: (backend: AuditBackend, call: CallOptions) => AsyncIterable<Item>,
  ): AsyncGenerator<Item> {
    const ending = new AbortController();
    const signal = AbortSignal.any([options.signal, ending.signal]);
    let items: AsyncIterator<Item> | null = null;
    let waiting = false;
    const next = async (backend: AuditBackend): Promise<IteratorResult<Item>> => {
      items ??= start(backend, { signal })[Symbol.asyncIterator]();
      return await items.next();
    };
    try {
      for (;;) {
        waiting = true;
        const item = await ask("could not be read", options, next);
        waiting = false;
        if (item.done === true) return;
        yield item.value;
      }
    } finally {
      // What does not answer would not answer that it has ended either.
      if (!waiting) await (items as AsyncIterator<Item> | null)?.return?.();
      ending.abort();
    }
  }

  return {
    ask,
    capabilities() {
      if (!capabilities) throw new Error("the audit backend was not opened yet");
      return capabilities;
    },
    claim: (_, seq, bytes, options) =>
      ask(
        "took no event",
        options,
        (backend, call) =>
          backend.claim(chainName(), seq, bytes, {
            ...call,
            ...(options.labels ? { labels: options.labels } : {}),
          }),
        true,
      ),
    head: (_, options) =>
      ask("could not be read", options, (backend, call) =>
        backend.head(chainName(), { ...call, counted: options.counted ?? true }),
      ),
    find: (_, label, options) =>
      ask(
        "could not be read",
        options,
        async (backend, call) => (await backend.find?.(chainName(), label, call)) ?? null,
      ),
    read: (_, from, to, options) =>
      each(options, (backend, call) => backend.read(chainName(), from, to, call)),
    verifyStore: (_, options) =>
      each(options, (backend, call) => backend.verifyStore?.(chainName(), call) ?? none()),
    async prune(_, upTo, options) {
      // In portions, since each has to come to its end in time.
      for (let to = Math.min(upTo, PRUNE_AT_ONCE); ; to = Math.min(upTo, to + PRUNE_AT_ONCE)) {
        await ask("did not remove what was archived", options, async (backend, call) => {
          if (!backend.prune) throw new Error("it never removes anything");
          await backend.prune(chainName(), to, call);
        });
        if (to === upTo) return;
      }
    },
    async *chains(options) {
      const backend = await ask("could not be read", options, async (opened) => opened);
      yield* backend.chains(options);
    },
  };
}

async function* none(): AsyncGenerator<never> {}

const CODES: Readonly<Record<AuditFailure, FloeErrorCode>> = {
  unavailable: "FLOE_LEDGER_UNAVAILABLE",
  denied: "FLOE_LEDGER_UNAVAILABLE",
  refused: "FLOE_LEDGER_UNAVAILABLE",
  unauthenticated: "FLOE_LEDGER_UNAUTHENTICATED",
  corrupt: "FLOE_LEDGER_EVENT_INVALID",
};

function errorOf(
  store: string,
  environment: string,
  what: string,
  cause: AuditBackendError,
): FloeError {
  const failure = cause.failure ?? "unavailable";
  const error = new FloeError({
    code: Object.hasOwn(CODES, failure) ? CODES[failure] : "FLOE_LEDGER_UNAVAILABLE",
    message: `audit backend ${store} ${what} for ${environment}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint:
      cause.hint ?? "Nothing was changed by this. Run the same command again when the store works.",
    details: { environment, backend: store },
    cause,
  });
  return cause.indeterminate === true ? Object.assign(error, { indeterminate: true }) : error;
}

function unanswered(
  store: string,
  environment: string,
  what: string,
  deadlineMs: number,
  indeterminate: boolean,
  cause: unknown,
): FloeError {
  const error = new FloeError({
    code: "FLOE_LEDGER_UNAVAILABLE",
    message: `audit backend ${store} ${what} for ${environment}: no answer within ${deadlineMs / 1000} s`,
    hint: "Check that the store can be reached from here, and run the same command again.",
    details: { environment, backend: store },
    cause,
  });
  return indeterminate ? Object.assign(error, { indeterminate: true }) : error;
}
