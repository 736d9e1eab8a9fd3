import type { CallOptions, Clock, Host } from "../ports/index.ts";
import type { AppendedEvent, Ledger } from "./ledger.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** Whether an intent may go on. */
export type SlotHold = { readonly held: true } | { readonly held: false; readonly why: string };

/**
 * Makes sure that an appended intent is the only one, on stores where two writers can both have written. It holds its
 * slot only if what is read after its own write was acknowledged shows no rival. Of two rivals the one with the higher
 * hash withdraws; the lower waits until the other has, or until its lease is over. On stores that serialise there is
 * nothing to do.
 */
export async function holdSlot(
  ledger: Ledger,
  mine: AppendedEvent,
  context: { readonly clock: Clock; readonly host: Host },
  options: CallOptions,
): Promise<SlotHold> {
  if (ledger.mode === "slot") return { held: true };
  for (let round = 0; ; round++) {
    const rivals: VerifiedEvent[] = [];
    const results = new Map<string, string>();
    for await (const event of ledger.read(mine.event.seq, undefined, options)) {
      if (event.hash === mine.hash || !event.authorized) continue;
      if (event.event.kind === "intent") rivals.push(event);
      if (event.event.kind === "outcome") results.set(event.event.operation, event.event.body.result);
    }
    // A rival that has succeeded did not see this intent: it acted first, and what this one rests on is gone.
    if (rivals.some((rival) => results.get(rival.event.operation) === "succeeded")) {
      return { held: false, why: "another operation was recorded at the same time and finished first" };
    }
    const open = rivals.filter((rival) => !results.has(rival.event.operation));
    const lower = open.find((rival) => rival.hash < mine.hash || rival.event.seq < mine.event.seq);
    if (lower) return { held: false, why: `another operation (${lower.event.operation}) was recorded at the same time and goes first` };
    if (open.length === 0) return { held: true };
    if (open.every((rival) => isOver(rival, context))) return { held: true };
    await context.clock.sleep(20 + 20 * Math.min(round, 20), options);
  }
}

function isOver(rival: VerifiedEvent, context: { readonly clock: Clock; readonly host: Host }): boolean {
  if (rival.event.kind !== "intent") return true;
  const { runs_on: run, seconds } = rival.event.body.lease;
  const state = context.host.stateOf({
    bootId: run.boot_id,
    pidNamespace: run.pid_namespace,
    pid: run.pid,
    processStart: run.process_start,
  });
  return state === "dead" || context.clock.now().getTime() > new Date(rival.event.at).getTime() + seconds * 1000;
}
