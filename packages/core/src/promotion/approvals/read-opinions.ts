import type { EventBody, EventKind, LedgerEvent } from "../../ledger/event.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { Digest } from "../../model/digest.ts";
import type { CallOptions } from "../../ports/index.ts";

/** An event of one kind. */
export type Given<Kind extends EventKind> = LedgerEvent & {
  readonly kind: Kind;
  readonly body: EventBody<Kind>;
};

/** What somebody thinks of an artifact, as the ledger has it. */
export interface Opinion {
  /** Who signed it, by today's manifest. */
  readonly by: string;
  readonly stored: VerifiedEvent;
  readonly event: Given<"approval"> | Given<"denial">;
}

/**
 * Reads what approvers have said of an artifact and neither taken back nor used up, the oldest first. Everything since the
 * oldest approval that may still count is read, so that a denial, a withdrawal or a promotion which the state leaves out is
 * found all the same; of what is older only the denials that the state names.
 */
export async function readOpinions(
  digest: Digest,
  ledger: Ledger,
  view: LedgerView | null,
  now: Date,
  options: CallOptions,
): Promise<Opinion[]> {
  const named = (view?.state.approvals ?? []).filter((given) => given.digest === digest);
  if (!view || named.length === 0) return [];
  const mayCount = named.filter(
    ({ kind, expires_at: ends }) =>
      kind === "approval" && (ends === null || Date.parse(ends) > now.getTime()),
  );
  const from = Math.min(view.seq + 1, ...mayCount.map(({ seq }) => seq));
  const opinions = new Map<string, Opinion>();
  const denials = named.filter(({ kind, seq }) => kind === "denial" && seq < from);
  for (const seq of new Set(denials.map((denial) => denial.seq)))
    for await (const stored of ledger.read(seq, seq, options)) note(stored, digest, opinions);
  if (from <= view.seq)
    for await (const stored of ledger.read(from, view.seq, options)) note(stored, digest, opinions);
  return [...opinions.values()];
}

// Somebody has one opinion of an artifact at a time, under the name that the signature proves.
function note(stored: VerifiedEvent, digest: Digest, opinions: Map<string, Opinion>): void {
  const { event, authorized, signedBy } = stored;
  if (event.kind === "outcome") {
    if (!authorized || event.body.result !== "succeeded" || event.body.digest !== digest) return;
    for (const [by, { event: given }] of opinions)
      if (given.kind === "approval") opinions.delete(by);
    return;
  }
  if (event.kind !== "approval" && event.kind !== "denial" && event.kind !== "withdrawal") return;
  if (signedBy === null || event.body.digest !== digest) return;
  if (event.kind === "withdrawal") {
    if (opinions.get(signedBy)?.event.kind === event.body.of) opinions.delete(signedBy);
    return;
  }
  opinions.delete(signedBy);
  opinions.set(signedBy, { by: signedBy, stored, event });
}
