import type {
  AnchorStore,
  AuditBackendError,
  AuditFailure,
  AuditFinding as StoreFinding,
} from "../../contract/index.ts";
import { FloeError, type FloeErrorCode, isFloeError } from "../../errors/index.ts";
import { slotsOf } from "../../ledger/ledger-store.ts";
import type { EnvironmentConfig, Manifest } from "../../manifest/manifest.ts";
import { timeLimit } from "../../plugins/time-limit.ts";
import type { CallOptions } from "../../ports/index.ts";

/** A place for checkpoints that the manifest names besides the one beside the ledger. Opened when it is first asked. */
export interface Anchor extends AsyncDisposable {
  readonly name: string;
  /** As the manifest says it: `file`, `oci`, `s3`. */
  readonly kind: string;
  /** Where, without secrets; the kind, where that is not known before it was opened. */
  readonly location: string;
  /** The newest note that is kept of an environment's ledger; `null`: none. */
  newest(environment: EnvironmentConfig, options: CallOptions): Promise<string | null>;
  put(
    environment: EnvironmentConfig,
    checkpoint: { readonly size: number; readonly note: string },
    options: CallOptions,
  ): Promise<void>;
  /** What the place itself has noticed. */
  findings(environment: EnvironmentConfig, options: CallOptions): Promise<StoreFinding[]>;
}

/** What an anchor is made of. */
export interface AnchorParts {
  readonly name: string;
  readonly kind: string;
  /** As written in the manifest, until the place says it itself. */
  readonly location: string;
  readonly manifest: Pick<Manifest, "metadata">;
  readonly open: (options: CallOptions) => Promise<AnchorStore>;
}

/** How long a place may take for an answer, in milliseconds: one that hangs must not hang the others' verdicts. */
const DEADLINE_MS = 30_000;

/**
 * Puts a place for checkpoints behind a deadline that it cannot ignore, and turns what it throws into floe's errors. Every call
 * may throw FLOE_ANCHOR_UNAVAILABLE, FLOE_ANCHOR_UNAUTHENTICATED, or what a repository throws.
 */
export function createAnchor(
  { name, kind, location, manifest, open }: AnchorParts,
  deadlineMs: number = DEADLINE_MS,
): Anchor {
  let opening: Promise<AnchorStore> | null = null;
  let where = location;

  async function opened(call: CallOptions): Promise<AnchorStore> {
    opening ??= open(call);
    try {
      const store = await opening;
      where = store.location;
      return store;
    } catch (cause) {
      // Whoever comes next tries again.
      opening = null;
      throw cause;
    }
  }

  async function ask<Answer>(
    options: CallOptions,
    work: (store: AnchorStore, call: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    options.signal.throwIfAborted();
    using limit = timeLimit(deadlineMs);
    const signal = AbortSignal.any([options.signal, limit.signal]);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const answer = opened({ signal }).then((store) => work(store, { signal }));
      // Whoever comes too late is not listened to, and must not end the program.
      answer.catch(() => undefined);
      return await Promise.race([answer, stopped]);
    } catch (cause) {
      options.signal.throwIfAborted();
      const late = limit.signal.aborted
        ? new Error(`no answer within ${deadlineMs / 1000} s`)
        : cause;
      throw isFloeError(late) ? late : errorOf(`${name} (${where})`, late as AuditBackendError);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  const ledgerOf = (environment: EnvironmentConfig) => ({
    // Not the ledger's own name: then nothing would be known of one that another has taken the place of.
    chain: slotsOf(environment, manifest),
    environment: environment.name,
  });

  return {
    name,
    kind,
    get location() {
      return where;
    },
    async newest(environment, options) {
      const note = await ask(options, (store, call) => store.newest(ledgerOf(environment), call));
      return note && new TextDecoder().decode(note);
    },
    async put(environment, { size, note }, options) {
      const checkpoint = { size, note: new TextEncoder().encode(note) };
      await ask(options, (store, call) => store.put(ledgerOf(environment), checkpoint, call));
    },
    findings: (environment, options) =>
      ask(options, async (store, call) => {
        const found: StoreFinding[] = [];
        for await (const finding of store.verifyStore?.(ledgerOf(environment), call) ?? [])
          found.push(finding);
        return found;
      }),
    async [Symbol.asyncDispose]() {
      const store = await opening?.catch(() => null);
      await store?.[Symbol.asyncDispose]?.();
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
