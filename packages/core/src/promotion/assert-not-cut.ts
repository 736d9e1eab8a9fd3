import { invalidEvent } from "../ledger/event.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { Digest } from "../model/digest.ts";
import { latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { recordsOfPlace } from "./records-of-place.ts";

/** Resolves `latest-ENV` and makes sure that the ledger was not cut off; see {@link assertNotCut}. */
export async function assertLatestNotCut(
  ledger: Ledger,
  view: LedgerView | null,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const latest = await context.store.resolve(latestTag(ledger.environment.name), options);
  await assertNotCut(ledger, view, latest?.digest ?? null, context, options);
}

/**
 * Makes sure that a ledger was not cut off. Whoever can delete tags can take its newest events away, and what is left
 * is a valid ledger, and so is one of their own in its place; but what an environment runs has a record, and the record names
 * the event that it stands for.
 * Looks only when `latest-ENV` is not what the ledger says.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - a signed record names an event that the ledger does not have
 */
export async function assertNotCut(
  ledger: Ledger,
  view: LedgerView | null,
  latest: Digest | null,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  if (!view || latest === null || latest === view.state.current?.digest) return;
  const { environment } = ledger;
  for await (const { record, seq, hash } of recordsOfPlace(latest, environment, context, options)) {
    // Somebody may have promoted since the view was read: what counts is the ledger of now.
    const now = seq > view.seq ? await ledger.view(options) : view;
    // What is older than the ledger is cannot be asked about.
    if (now?.state.pruned && seq < now.state.pruned.seq) continue;
    let found = false;
    if (now && seq <= now.seq)
      for await (const event of ledger.read(seq, seq, options)) found ||= event.hash === hash;
    if (!found)
      throw invalidEvent(
        `${environment.name}#${seq}`,
        `it is gone: the record ${record.digest} of what ${latestTag(environment.name)} holds names it, and the ledger ends at ${now?.seq ?? 0}`,
      );
  }
}
