import type { LedgerMode } from "../../ledger/oci-backend.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { Digest } from "../../model/digest.ts";
import { type LinkedLedger, reachedFrom } from "../check-links.ts";

/** An event that is old enough, and is needed. */
export interface NeededEvent {
  readonly seq: number;
  /** What rests on it. */
  readonly why: string;
}

/** What decides how far a ledger may be pruned. */
export interface PruneLimits {
  /** Events of then and later stay. */
  readonly before: Date;
  /** How many events the newest checkpoint covers. */
  readonly covered: number;
  /** The events that something rests on, the oldest first. */
  readonly needed: readonly NeededEvent[];
  /** How many events were removed before. */
  readonly removed: number;
}

/**
 * Chooses the event that a ledger begins with once it is pruned: the newest that leaves everything which is needed or young,
 * which everything after it follows and which follows everything before it, and across which no operation runs. `null`: there
 * is none, so that nothing is removed.
 * @param events - all of the ledger, in the order in which they count
 */
export function chooseKept(
  events: readonly VerifiedEvent[],
  linked: LinkedLedger,
  modeAt: (seq: number) => LedgerMode,
  limits: PruneLimits,
): VerifiedEvent | null {
  const before = limits.before.toISOString();
  const floor = Math.min(Number.POSITIVE_INFINITY, ...limits.needed.map(({ seq }) => seq));
  const inSlot = new Map<number, number>();
  for (const { event } of events) inSlot.set(event.seq, (inSlot.get(event.seq) ?? 0) + 1);
  let chosen: VerifiedEvent | null = null;
  for (const [index, stored] of events.entries()) {
    const { event } = stored;
    if (event.seq > floor || event.size > limits.covered) break;
    // The very first event stays in any case, since the registry pins it.
    const isEnough = index + limits.removed > 1;
    const alone = inSlot.get(event.seq) === 1;
    if (isEnough && alone && index > 0 && isBetween(stored)) {
      const all = event.size === limits.removed + index + 1;
      const reaches =
        modeAt(event.seq) === "slot" ||
        reachedFrom(stored.hash, linked.events).length === index + 1;
      if (all && reaches) chosen = stored;
    }
    if (event.at >= before) break;
  }
  return chosen;
}

// Whoever wrote it is believed about what was before, and no operation is open across it.
function isBetween({ event, vouches }: VerifiedEvent): boolean {
  if (!vouches || event.kind === "outcome" || event.kind === "reconcile") return false;
  if (event.kind === "genesis" && !event.body.continues) return false;
  return event.state.open_intents.every(({ seq }) => seq >= event.seq);
}

/** What of other ledgers rests on an artifact that came into this one's environment. */
export type LiveDigests = ReadonlyMap<Digest, string>;

/** Finds the events that something rests on: the way in of artifacts that are in use, and opinions that stand. */
export function neededEvents(
  events: readonly VerifiedEvent[],
  live: LiveDigests,
  opinions: ReadonlyMap<number, string>,
): NeededEvent[] {
  const needed: NeededEvent[] = [];
  for (const { event, authorized } of events) {
    const opinion = opinions.get(event.seq);
    if (opinion !== undefined) needed.push({ seq: event.seq, why: opinion });
    if (!authorized || event.kind === "refusal" || !("digest" in event.body)) continue;
    const why = event.body.digest === null ? undefined : live.get(event.body.digest as Digest);
    if (why !== undefined) needed.push({ seq: event.seq, why });
  }
  return needed;
}
