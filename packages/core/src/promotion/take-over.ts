import { holdTakeover } from "../ledger/hold-slot.ts";
import type { AppendedEvent, Ledger, LedgerView } from "../ledger/ledger.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { type Taker, takeOverDraft } from "./drafts.ts";
import type { OpenIntent } from "./open-intent.ts";

/** Whether an abandoned operation is ours to finish. */
export type TakeOver =
  | { readonly taken: true; readonly event: AppendedEvent; readonly view: LedgerView }
  | { readonly taken: false; readonly why: string };

/**
 * Takes an abandoned operation over, so that of several who find it one finishes it. On a store that cannot serialise
 * two may have written that they do; then the first in order goes on and the other one records that it gives up.
 */
export async function takeOver(
  open: Pick<OpenIntent, "operation" | "event" | "body" | "ownerSeq">,
  who: Taker,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
  judge: (view: LedgerView) => string | null = () => null,
): Promise<TakeOver> {
  let why = "";
  const isOpen = (view: LedgerView): boolean =>
    view.state.open_intents.some((candidate) => candidate.operation === open.operation);
  const event = await ledger.append((view) => {
    const now = view.state.open_intents.find((candidate) => candidate.operation === open.operation);
    why =
      now?.owner_seq === open.ownerSeq
        ? (judge(view) ?? "")
        : "somebody else finishes the interrupted operation";
    return why === "" ? takeOverDraft(open, who, context) : null;
  }, options);
  if (!event) return { taken: false, why };
  const held = await holdTakeover(ledger, event, open.ownerSeq, context, options);
  if (held.held) return { taken: true, event, view: held.view };
  await ledger.append(
    (view) => (isOpen(view) ? takeOverDraft(open, who, context, event.hash) : null),
    options,
  );
  return { taken: false, why: held.why };
}
