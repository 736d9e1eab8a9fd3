import type { LedgerState } from "../ledger/event.ts";
import { EMPTY_STATE } from "../ledger/fold-state.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { bySeqThenHash } from "../ledger/read-view.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";

/** Everything that a ledger has, in the order in which it counts. */
export interface History {
  /** All events with their signatures checked, those that do not count among them. */
  readonly events: readonly VerifiedEvent[];
  /** The state before the first of them. */
  readonly base: LedgerState;
  /** The events that one goes by, itself left out: what its writer knew, or had to know. */
  before(event: VerifiedEvent): readonly VerifiedEvent[];
}

/** Reads a whole ledger. What an operator wrote about the past is compared with it, so no part of it is left out. */
export async function readHistory(ledger: Ledger, options: CallOptions): Promise<History> {
  const events: VerifiedEvent[] = [];
  for await (const stored of ledger.readBack(options)) events.push(stored);
  return historyOf(events.sort(bySeqThenHash), ledger.modeAt);
}

/** The same of events that were read already, in the order in which they count. */
export function historyOf(
  events: readonly VerifiedEvent[],
  modeAt: Ledger["modeAt"],
  base: LedgerState = EMPTY_STATE,
): History {
  // A pruned ledger begins with an event that says what was before, its own effect among it.
  const [first] = events;
  if (first?.begins === true) return historyOf(events.slice(1), modeAt, first.event.state);
  // Where it was moved from one kind of store to another, every event says what it follows.
  const single = events.every(({ event }) => modeAt(event.seq) === "slot");
  const known = new Map<Digest, VerifiedEvent>(events.map((stored) => [stored.hash, stored]));
  return {
    events,
    base,
    before({ event, hash }) {
      // Where writers are serialised, whatever has a lower number was there. Elsewhere it may have been written later.
      if (single) return events.filter((one) => one.event.seq < event.seq);
      const reached = new Set<Digest>();
      const pending = linksOf(event);
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        const linked = known.get(next);
        if (!linked || reached.has(next)) continue;
        reached.add(next);
        pending.push(...linksOf(linked.event));
      }
      return events.filter((one) => reached.has(one.hash) && one.hash !== hash);
    },
  };
}

function linksOf({ prev, rivals = [] }: VerifiedEvent["event"]): Digest[] {
  return prev === null ? [...rivals] : [prev, ...rivals];
}
