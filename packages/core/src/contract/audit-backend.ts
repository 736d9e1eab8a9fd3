import type { StandardSchema } from "./standard-schema.ts";

/** What an audit backend promises. Core believes less where a probe shows less. */
export interface AuditCapabilities {
  /** `strong`: of several claimants of a slot exactly one wins. `advisory`: nothing is lost, but two may win. */
  readonly serialises: "strong" | "advisory";
  readonly durable: "fsync" | "replicated" | "remote-ack";
  readonly worm: "compliance" | "governance" | "policy" | "none";
  /** `machine`: only processes of one machine see it. */
  readonly scope: "machine" | "shared";
  /** Bytes; a larger event is refused before it is sent. */
  readonly maxEventBytes: number;
}

/** One stored event. The bytes are opaque to the backend. */
export interface AuditEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** The store's own clock, where it has one. */
  readonly storedAt?: Date;
}

/** The end of a chain. */
export interface AuditHead {
  /** The highest occupied slot. */
  readonly seq: number;
  /** Everything in that slot: one entry, or rivals on an advisory store. */
  readonly entries: readonly AuditEntry[];
  /** How many events the chain holds in all slots. On a strong store always `seq + 1`. */
  readonly count: number;
}

/** Answer to a claim. */
export type AuditClaim =
  /** The slot is ours; `alreadyMine` when these very bytes were there before (a lost answer). */
  | { readonly status: "claimed"; readonly alreadyMine: boolean; readonly storedAt?: Date }
  /** Somebody else's event is there. */
  | { readonly status: "taken"; readonly bytes: Uint8Array };

/** What a probe of the store saw. */
export interface AuditProbe {
  readonly capabilities: AuditCapabilities;
  readonly findings: readonly string[];
}

/** Options of every call: an abort signal, which also carries the deadline. */
export interface AuditCallOptions {
  readonly signal: AbortSignal;
}

/**
 * Stores the ledger of an environment. It moves opaque bytes and has one primitive: claim a slot exactly once.
 * Hashing, chaining, signing and recovery are core's, so that no backend can weaken them.
 *
 * A claim whose answer was lost must throw an error whose `indeterminate` property is `true`; core then reads the
 * slot again. Every other throw means that nothing was stored.
 */
export interface AuditBackend extends Partial<AsyncDisposable> {
  /** What the store promises. */
  capabilities(): AuditCapabilities;
  /** Stores bytes in slot `seq` of a chain if it is empty. Durable before it returns. */
  claim(
    chain: string,
    seq: number,
    bytes: Uint8Array,
    options: AuditCallOptions,
  ): Promise<AuditClaim>;
  /** The end of a chain, or `null` for an empty one. Linearizable with `claim` on a strong store. */
  head(chain: string, options: AuditCallOptions): Promise<AuditHead | null>;
  /** Raw events in ascending order of `seq`, from `from` to `to` inclusive. */
  read(
    chain: string,
    from: number,
    to: number | undefined,
    options: AuditCallOptions,
  ): AsyncIterable<AuditEntry>;
  /** The chains that exist. */
  chains(options: AuditCallOptions): AsyncIterable<string>;
  /** Races claims on a scratch chain and reports what the store really does. */
  probe?(options: AuditCallOptions): Promise<AuditProbe>;
  /** Removes the events up to a slot; core asks only after a covering checkpoint and an archived export. */
  prune?(chain: string, upTo: number, options: AuditCallOptions): Promise<void>;
}

/** Makes audit backends of one kind. */
export interface AuditBackendProvider<Config = unknown> {
  /** Value of `audit.backend` in the manifest. `oci` is reserved. */
  readonly id: string;
  readonly summary: string;
  /** Checks `audit.with`. */
  readonly config: StandardSchema<unknown, Config>;
  open(config: Config, options: AuditCallOptions): Promise<AuditBackend>;
}

/** Types an audit backend provider; returns it unchanged. */
export function defineAuditBackend<Config>(
  provider: AuditBackendProvider<Config>,
): AuditBackendProvider<Config> {
  return provider;
}
