import type { LedgerView } from "../ledger/ledger.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { ObservedState } from "./operation.ts";

/** What of a ledger's state a plan rests on. */
export function observe(view: LedgerView | null): ObservedState {
  const state = view?.state;
  return {
    currentOperation: state?.current?.operation ?? null,
    lock: state?.lock ? canonicalJson(state.lock) : null,
    holds: canonicalJson(state?.holds ?? []),
  };
}
