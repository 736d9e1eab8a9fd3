import type { EventFacts } from "../ledger/event.ts";
import { foldState } from "../ledger/fold-state.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { outcomeDraft } from "./drafts.ts";
import type { OpenIntent } from "./open-intent.ts";

/**
 * Says what the ledger will be once a run has finished what interrupted ones left: a dry run plans from there, because
 * a real one does so first.
 */
export function predictRecovery(
  view: LedgerView | null,
  open: readonly OpenIntent[],
): LedgerView | null {
  if (!view) return null;
  const left = open.filter((intent) => intent.state === "abandoned" && intent.committed);
  return left.reduce((before, { operation, body, event: { event, hash } }) => {
    const { kind: _, body: _intent, state: __, ...frame } = event;
    const who = { operation, traceId: event.trace_id };
    const ending = {
      result: "succeeded",
      record: null,
      tags: [],
      resolvedBy: "reconcile",
    } as const;
    const draft = outcomeDraft(who, { hash, actor: event.actor, body }, ending);
    const seq = before.seq + 1;
    const facts: EventFacts = { ...frame, kind: "outcome", seq, body: draft.body };
    return { ...before, seq, state: foldState(before.state, facts) };
  }, view);
}
