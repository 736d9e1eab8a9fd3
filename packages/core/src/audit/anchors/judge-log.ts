import { isFloeError } from "../../errors/index.ts";
import type { CallOptions, TrustedSigner, Verifier } from "../../ports/index.ts";
import { provenBundle } from "../checkpoint-signature.ts";
import { describeLog, type LogAnchor } from "./log-anchor.ts";
import { logEntriesOf, loggable } from "./logged-note.ts";
import { orError } from "./read-anchors.ts";

/** What the entries of a log show of the checkpoints at hand. */
export type LoggedAnswer<Candidate> =
  | {
      readonly found: Candidate;
      /** When the log took it; `null`: it has not said. */
      readonly time: Date | null;
    }
  /** None is proven to be in the log. `isForged`: one says that it is, and is not. */
  | { readonly found: null; readonly reason: string; readonly isForged: boolean };

/**
 * Finds, among checkpoints whose signatures were verified, the one about the most events that is in the log by the log's own
 * word. Nothing is asked of the log: its proof is kept with the checkpoint.
 */
export async function findLogged<
  Candidate extends { readonly note: string; readonly size: number },
>(
  candidates: readonly Candidate[],
  log: LogAnchor,
  {
    trusted,
    verifier,
  }: { readonly trusted: readonly TrustedSigner[]; readonly verifier: Verifier },
  options: CallOptions,
): Promise<LoggedAnswer<Candidate>> {
  let refused: { readonly reason: string; readonly isForged: boolean } | null = null;
  for (const found of candidates.toSorted((a, b) => b.size - a.size)) {
    const signed = loggable(found.note, trusted);
    if (!signed) {
      const proven = provenBundle(found.note, trusted, verifier);
      if (proven?.logged === true) return { found, time: proven.time };
      continue;
    }
    for (const entry of logEntriesOf(found.note)) {
      const verdict = await orError(() => log.verify(entry, signed, options));
      if (isFloeError(verdict)) refused ??= { reason: verdict.message, isForged: false };
      else if (verdict.ok) return { found, time: verdict.time };
      else refused ??= { reason: verdict.reason, isForged: !verdict.unjudged };
    }
  }
  if (refused) return { found: null, ...refused };
  const reason = `no checkpoint has an entry of ${describeLog(log)}: floe audit checkpoint puts one there`;
  return { found: null, reason, isForged: false };
}
