import type { LedgerState } from "../ledger/event.ts";
import { actorName, EMPTY_STATE, foldState } from "../ledger/fold-state.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { Digest } from "../model/digest.ts";
import type { History } from "./read-history.ts";

/** An event that carries another state than follows from those before it. */
export interface StateDivergence {
  readonly seq: number;
  readonly hash: Digest;
  readonly what: string;
}

/** Folds events in the order in which they count; those without effect are left out. */
export function stateOf(events: readonly VerifiedEvent[], base: LedgerState): LedgerState {
  return events.filter(counts).reduce((state, { event }) => foldState(state, event), base);
}

/** Says whether an event changes the state at all. */
export function counts({ event, authorized }: VerifiedEvent): boolean {
  return authorized && event.kind !== "genesis";
}

/** How many events may be folded again with everything before them: of a forged ledger it would be all. */
const MAX_REFOLDS = 100;

/**
 * Finds the events that carry a state that does not follow from the one before; after one, what it says is gone on from. `last`
 * is the state at the end.
 */
export function stateDivergences(history: History): {
  readonly found: readonly StateDivergence[];
  readonly last: LedgerState;
} {
  const found: StateDivergence[] = [];
  const after = new Map<Digest, LedgerState>();
  let newest = history.base;
  let refolds = 0;
  for (const stored of history.events) {
    const { event, hash } = stored;
    if (event.kind === "genesis" && !event.body.continues) {
      after.set(hash, EMPTY_STATE);
      continue;
    }
    if (!stored.authorized) continue;
    const direct = event.prev === null ? undefined : after.get(event.prev);
    const single = direct !== undefined && (event.rivals ?? []).length === 0;
    const folded = foldState(single ? direct : newest, event);
    const said = essence(event.state);
    let same = folded;
    // Concurrent events may have been folded in either order.
    if (essence(folded) !== said && refolds < MAX_REFOLDS) {
      refolds += 1;
      same = foldState(stateOf(history.before(stored), history.base), event);
    }
    const differs = essence(same) !== said;
    // An approver's event is not believed about the state.
    if (differs && stored.vouches) {
      const parts = stateDifferences(folded, event.state).join(", ");
      const what = `event ${event.seq} (${event.kind}) by ${actorName(event.actor)} at ${event.at} carries another state than follows from the events before it: ${parts}`;
      found.push({ seq: event.seq, hash, what });
    }
    newest = differs ? (stored.vouches ? event.state : folded) : same;
    after.set(hash, newest);
  }
  return { found, last: newest };
}

// What decides about anything. A newer floe may carry more in a state; that is none of this one's business.
const PARTS = {
  "what runs": ({ current }: LedgerState) =>
    current && [current.digest, current.version, current.operation, current.record, current.seq],
  lock: ({ lock }: LedgerState) => lock && [lock.seq, lock.at],
  holds: ({ holds }: LedgerState) => sorted(holds.map(({ kind, digest }) => `${kind} ${digest}`)),
  "what is pinned": ({ policy }: LedgerState) =>
    policy && [policy.policy_digest, policy.authority_digest],
  "approvals and denials": ({ approvals }: LedgerState) =>
    sorted(approvals.map(({ kind, seq, digest }) => `${kind} ${seq} ${digest}`)),
  "open operations": ({ open_intents: open }: LedgerState) =>
    sorted(open.map(({ operation }) => operation)),
  "where it was moved": ({ moved }: LedgerState) => moved?.operation ?? null,
  "what was pruned": ({ pruned }: LedgerState) => (pruned ? [pruned.seq, pruned.operation] : null),
};

function sorted(items: readonly string[]): string[] {
  return [...items].sort();
}

/** Names the parts that decide about anything in which two states differ; empty: they are the same. */
export function stateDifferences(wanted: LedgerState, said: LedgerState): string[] {
  return Object.entries(PARTS).flatMap(([name, part]) =>
    canonicalJson(part(wanted)) === canonicalJson(part(said)) ? [] : [name],
  );
}

function essence(state: LedgerState): string {
  return canonicalJson(Object.values(PARTS).map((part) => part(state)));
}
