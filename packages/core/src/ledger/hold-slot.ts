import type { CallOptions, Clock, Host } from "../ports/index.ts";
import type { AppendedEvent, Ledger, LedgerView } from "./ledger.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** Whether an intent may go on. */
export type SlotHold =
  | { readonly held: true; readonly view: LedgerView }
  | { readonly held: false; readonly why: string };

/**
 * Makes sure that an appended intent is the only open one, on stores where two writers can both have written. What
 * counts is a view of the ledger that was begun after the own write was acknowledged: of two rivals at least one sees
 * the other. The one with the higher hash withdraws; the lower waits until the other has ended, or its lease has. On
 * stores that serialise there is nothing to do.
 */
export async function holdSlot(
  ledger: Ledger,
  mine: AppendedEvent,
  context: { readonly clock: Clock; readonly host: Host },
  options: CallOptions,
): Promise<SlotHold> {
  if (ledger.mode === "slot") return { held: true, view: mine.view };
  for (let round = 0; ; round++) {
    const view = await ledger.view(options);
    if (!view) return { held: false, why: "the ledger vanished" };
    const rivals = await openRivals(ledger, view, mine, options);
    const first = rivals.find((rival) => rival.hash < mine.hash);
    if (first) {
      return {
        held: false,
        why: `another operation (${first.event.operation}) was recorded at the same time and goes first`,
      };
    }
    if (rivals.every((rival) => isOver(rival, context))) return { held: true, view };
    await context.clock.sleep(20 + 20 * Math.min(round, 20), options);
  }
}

async function openRivals(
  ledger: Ledger,
  view: LedgerView,
  mine: AppendedEvent,
  options: CallOptions,
): Promise<VerifiedEvent[]> {
  const rivals: VerifiedEvent[] = [];
  for (const open of view.state.open_intents) {
    if (open.operation === mine.event.operation) continue;
    for await (const event of ledger.read(open.seq, open.seq, options)) {
      if (event.event.kind === "intent" && event.event.operation === open.operation)
        rivals.push(event);
    }
  }
  return rivals;
}

function isOver(
  rival: VerifiedEvent,
  context: { readonly clock: Clock; readonly host: Host },
): boolean {
  if (rival.event.kind !== "intent") return true;
  const { runs_on: run, seconds } = rival.event.body.lease;
  const state = context.host.stateOf({
    bootId: run.boot_id,
    pidNamespace: run.pid_namespace,
    pid: run.pid,
    processStart: run.process_start,
  });
  return (
    state === "dead" ||
    context.clock.now().getTime() > new Date(rival.event.at).getTime() + seconds * 1000
  );
}
