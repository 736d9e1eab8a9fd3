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
  let { seq, state } = view;
  for (const {
    operation,
    body,
    event: { event, hash },
  } of left) {
    const { kind: _, body: _intent, state: _state, ...frame } = event;
    const who = { operation, traceId: event.trace_id };
    const ending = {
      result: "succeeded",
      record: null,
      tags: [],
      resolvedBy: "reconcile",
    } as const;
    const draft = outcomeDraft(who, { hash, actor: event.actor, body }, ending);
    seq += 1;
    const facts: EventFacts = { ...frame, kind: "outcome", seq, body: draft.body };
    state = foldState(state, facts);
  }
  return { ...view, seq, state };
}
