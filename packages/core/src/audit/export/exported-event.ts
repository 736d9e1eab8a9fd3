import type { LedgerEvent } from "../../ledger/event.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { Digest } from "../../model/digest.ts";
import { flattenEvent, type HistoryEvent } from "../../promotion/history.ts";

/** An event on its way out: what lists show of it, and all of it. */
export interface ExportedEvent {
  readonly summary: HistoryEvent;
  readonly event: LedgerEvent;
  readonly hash: Digest;
  /** Stored bytes: a signed bundle. */
  readonly bytes: Uint8Array;
  /** Today's name of who signed; `null`: nobody whom the manifest knows. */
  readonly signedBy: string | null;
  /** Where the environment's artifacts are. */
  readonly repository: string;
}

/** Makes an event ready to go out. */
export function exportedEvent(stored: VerifiedEvent, repository: string): ExportedEvent {
  const { event, hash, bytes, signedBy } = stored;
  return { summary: flattenEvent(stored), event, hash, bytes, signedBy, repository };
}
