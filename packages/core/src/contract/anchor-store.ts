import type { AuditCallOptions, AuditFinding } from "./audit-backend.ts";

/** Whose checkpoints a place is asked for. */
export interface AnchoredLedger {
  /** Name of the chain in an audit backend. Another ledger that takes the place of this one has the same name. */
  readonly chain: string;
  readonly environment: string;
}

/** A signed checkpoint of a ledger. */
export interface AnchoredCheckpoint {
  /** How many events it is about. */
  readonly size: number;
  /** The signed note; opaque, at most 256 KiB. */
  readonly note: Uint8Array;
}

/**
 * Keeps checkpoints of ledgers, in another place than the ledgers. It moves opaque bytes; whether they are signed, and agree
 * with the ledger, is core's to find out. What it throws is as an audit backend's: see {@link AuditBackendError}.
 */
export interface AnchorStore extends Partial<AsyncDisposable> {
  /** Where, without secrets: `s3://acme-anchors/floe/`. */
  readonly location: string;
  /** The note about the most events, as it was put; `null`: none. */
  newest(ledger: AnchoredLedger, options: AuditCallOptions): Promise<Uint8Array | null>;
  /** Keeps a checkpoint, durable before it returns. Put again, the same one changes nothing. */
  put(
    ledger: AnchoredLedger,
    checkpoint: AnchoredCheckpoint,
    options: AuditCallOptions,
  ): Promise<void>;
  /** What can be seen in the place that `newest` cannot show: second versions, delete markers, foreign objects. */
  verifyStore?(ledger: AnchoredLedger, options: AuditCallOptions): AsyncIterable<AuditFinding>;
}
