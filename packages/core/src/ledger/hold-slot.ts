import type { Digest } from "../model/digest.ts";
import type { CallOptions, Clock, Host } from "../ports/index.ts";
import type { AppendedEvent, Ledger, LedgerView } from "./ledger.ts";
import { bySeqThenHash } from "./read-view.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** Whether an intent may go on. */
export type SlotHold =
  | { readonly held: true; readonly view: LedgerView }
  | { readonly held: false; readonly why: string };

/**
 * Makes sure that an appended intent is the only open one, on stores where two writers can both have written. What
 * counts is a view of the ledger that was begun after the own write was acknowledged: of two rivals at least one sees
 * the other. The one with the higher hash withdraws; the lower waits until the other has ended. What a rival has left
 * behind that died has to be finished before anything else. On stores that serialise there is nothing to do.
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
    if (rivals.length === 0) return { held: true, view };
    const left = rivals.find((rival) => isOver(rival, context));
    if (left) {
      return {
        held: false,
        why: `another operation (${left.event.operation}) was recorded at the same time and interrupted; it is finished first`,
      };
    }
    await pause(round, context, options);
  }
}

/**
 * Makes sure that of several who have taken over from the same holder at the same time one goes on: the first in the
 * order of slot and hash, once every other that it sees has given up, has ended, or the operation has.
 */
export async function holdTakeover(
  ledger: Ledger,
  mine: AppendedEvent,
  fromSeq: number,
  context: { readonly clock: Clock; readonly host: Host },
  options: CallOptions,
): Promise<SlotHold> {
  if (ledger.mode === "slot") return { held: true, view: mine.view };
  const { operation } = mine.event;
  for (let round = 0; ; round++) {
    const view = await ledger.view(options);
    if (!view?.state.open_intents.some((open) => open.operation === operation))
      return { held: false, why: "somebody else finished the interrupted operation" };
    const rivals: VerifiedEvent[] = [];
    const given = new Set<Digest>();
    for await (const stored of ledger.read(fromSeq, view.seq, options)) {
      const { event, hash, authorized } = stored;
      if (event.kind !== "reconcile" || event.operation !== operation || !authorized) continue;
      if (event.body.gives_up !== undefined) given.add(event.body.gives_up);
      else if (event.body.from_seq === fromSeq && hash !== mine.hash) rivals.push(stored);
    }
    const working = rivals.filter((rival) => !given.has(rival.hash) && !isOver(rival, context));
    if (working.length === 0) return { held: true, view };
    if (working.some((rival) => bySeqThenHash(rival, mine) < 0))
      return { held: false, why: "somebody else finishes the interrupted operation" };
    await pause(round, context, options);
  }
}

async function pause(
  round: number,
  context: { readonly clock: Clock },
  options: CallOptions,
): Promise<void> {
  await context.clock.sleep(20 + 20 * Math.min(round, 20), options);
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
  if (rival.event.kind !== "intent" && rival.event.kind !== "reconcile") return true;
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
