import { actorName } from "../ledger/fold-state.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { type Reason, reason } from "./reason.ts";

/** What somebody has appended to a ledger who may not change the environment: it has no effect, and is worth to know. */
export function disregarded(environment: string, view: LedgerView | null): Reason[] {
  return (view?.disregarded ?? []).map(({ event }) =>
    reason(
      "FLOE_LEDGER_EVENT_UNAUTHORIZED",
      `${environment}#${event.seq}: ${event.kind} by ${event.actor.subject ?? event.actor.key_id ?? actorName(event.actor)} at ${event.at}, who may not change ${environment}; it has no effect`,
      "Somebody who can push wrote it. Find out who, and whose credentials were used.",
    ),
  );
}
