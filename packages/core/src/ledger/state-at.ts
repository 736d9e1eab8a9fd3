import { FloeError } from "../errors/index.ts";
import type { CallOptions } from "../ports/index.ts";
import type { LedgerEvent, LedgerState } from "./event.ts";
import { EMPTY_STATE, foldState } from "./fold-state.ts";
import type { Ledger } from "./ledger.ts";
import { bySeqThenHash } from "./read-view.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** What an environment's ledger said at a time. */
export interface PastState {
  readonly state: LedgerState;
  /** The events until then that count, newest first; on stores that serialise, only those that were read. */
  readonly events: readonly VerifiedEvent[];
}

/**
 * Works out an environment's state at a time from its events; `null`: it had no ledger yet. Where writers are serialised,
 * the newest event until then carries it; elsewhere all events are folded, in the order that everybody computes.
 * @throws {FloeError} FLOE_LEDGER_PRUNED - what there was then was removed
 */
export async function stateAt(
  ledger: Ledger,
  time: Date,
  options: CallOptions,
): Promise<PastState | null> {
  const until = time.toISOString();
  const events: VerifiedEvent[] = [];
  let base: VerifiedEvent | null = null;
  for await (const stored of ledger.readBack(options)) {
    const { event, authorized, vouches } = stored;
    if (stored.begins === true && event.at > until) throw prunedThen(ledger, event, time);
    if (stored.begins === true) {
      base = stored;
      break;
    }
    if (event.at > until || (!authorized && event.kind !== "genesis")) continue;
    if (event.kind !== "genesis" && vouches && ledger.modeAt(event.seq) === "slot") {
      base = stored;
      break;
    }
    events.push(stored);
  }
  if (!base && events.length === 0) return null;
  const state = events
    .filter(({ event }) => event.kind !== "genesis")
    .sort(bySeqThenHash)
    .reduce((before, { event }) => foldState(before, event), base?.event.state ?? EMPTY_STATE);
  return { state, events: base ? [...events, base] : events };
}

function prunedThen({ environment }: Ledger, { at, seq }: LedgerEvent, time: Date): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_PRUNED",
    message: `the ledger of ${environment.name} was pruned: it begins with event ${seq} of ${at}, and says nothing about ${time.toISOString()}`,
    hint: `The archive has what was before: floe audit verify --env ${environment.name} names it.`,
    details: { environment: environment.name },
  });
}
