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

/** Options of a claim. */
export interface AuditClaimOptions extends AuditCallOptions {
  /**
   * What the event may be looked for by, such as the digest that it is about. The bytes stay opaque: a store that keeps an
   * index keeps it of these. Absent: not known.
   */
  readonly labels?: readonly string[];
}

/** Options of a look at the end of a chain. */
export interface AuditHeadOptions extends AuditCallOptions {
  /** `false`: nobody looks at `count`, and a store that would have to count may say what it should be. Default `true`. */
  readonly counted?: boolean;
}

/**
 * Why a backend could not do what it was asked. `unavailable`: not reachable, full, read-only, too slow;
 * `unauthenticated`: it does not know who asks; `denied`: it knows, and does not let them; `corrupt`: what is stored
 * cannot be what was written; `refused`: asked for something that the contract forbids, such as a gap.
 */
export type AuditFailure = "unavailable" | "unauthenticated" | "denied" | "corrupt" | "refused";

/** What floe looks for in the errors that a backend throws. Any `Error` with these members will do. */
export interface AuditBackendError extends Error {
  /** Default `unavailable`. */
  readonly failure?: AuditFailure;
  /** `true`: the answer to a claim was lost, and the event may have been stored. */
  readonly indeterminate?: boolean;
  /** What somebody should do about it; one sentence without secrets. */
  readonly hint?: string;
}

/** Something about a store that its owner or an auditor should know. */
export interface AuditFinding {
  /** `^[a-z][a-z0-9_]{0,49}$`, such as `second_version` or `foreign_object`. */
  readonly code: string;
  readonly message: string;
  /** The slot that it is about, where it is about one. */
  readonly seq?: number;
  /** `true`: somebody changed or added something. `false`: the store promises less than it should. */
  readonly tampering: boolean;
}

/**
 * Stores the ledger of an environment. It moves opaque bytes and has one primitive: claim a slot exactly once.
 * Hashing, chaining, signing and recovery are core's, so that no backend can weaken them.
 *
 * A claim whose answer was lost must throw an error whose `indeterminate` property is `true`; core then reads the
 * slot again. Every other throw means that nothing was stored. See {@link AuditBackendError}.
 */
export interface AuditBackend extends Partial<AsyncDisposable> {
  /** What the store promises. */
  capabilities(): AuditCapabilities;
  /**
   * Where the events are, without secrets: `sqlite:.floe/audit.db`. The beginning of a ledger pins it, and a manifest that
   * leads elsewhere is refused. Default: the provider's id.
   */
  readonly location?: string;
  /**
   * Stores bytes in slot `seq` of a chain if it is empty and the slot before it is not. Durable before it returns. Asked
   * again with the same bytes, it says `alreadyMine`.
   */
  claim(
    chain: string,
    seq: number,
    bytes: Uint8Array,
    options: AuditClaimOptions,
  ): Promise<AuditClaim>;
  /** The end of a chain, or `null` for an empty one. Linearizable with `claim` on a strong store. */
  head(chain: string, options: AuditHeadOptions): Promise<AuditHead | null>;
  /** Raw events in ascending order of `seq`, from `from` to `to` inclusive. */
  read(
    chain: string,
    from: number,
    to: number | undefined,
    options: AuditCallOptions,
  ): AsyncIterable<AuditEntry>;
  /**
   * Slots of the events that were claimed with a label, and of all whose labels are not known, newest first; `null`: it cannot
   * tell. Without it, whoever looks for something reads the chain. It proves nothing: `floe audit verify` compares it.
   */
  find?(chain: string, label: string, options: AuditCallOptions): Promise<readonly number[] | null>;
  /** The chains that exist. */
  chains(options: AuditCallOptions): AsyncIterable<string>;
  /** What the store itself knows beyond races, such as missing rights or settings. Core races its claims in any case. */
  probe?(options: AuditCallOptions): Promise<AuditProbe>;
  /** What can be seen in the store that `read` cannot show: second versions, delete markers, foreign objects. */
  verifyStore?(chain: string, options: AuditCallOptions): AsyncIterable<AuditFinding>;
  /**
   * Removes the events up to and including a slot; core asks only after a covering checkpoint and an archived export. The
   * last event stays: asked to remove it, the backend throws. Removed slots stay taken, and `count` goes on counting them.
   */
  prune?(chain: string, upTo: number, options: AuditCallOptions): Promise<void>;
}
