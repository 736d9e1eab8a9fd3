import type { PrunedLedger } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { paint, plain } from "./paint.ts";

/** What pruning came to in the JSON output of `audit prune`. */
export function prunedJson(ledger: PrunedLedger): Record<string, unknown> {
  const { environment, status, removed, kept, before, covered, needed, archive } = ledger;
  const changed = status === "pruned" || status === "finished";
  return { environment, status, changed, removed, kept, before, covered, needed, archive };
}

const MOST_SHOWN = 3;

/** The same for people. */
export function prunedText(ledgers: readonly PrunedLedger[], file: string | undefined): string {
  if (ledgers.length === 0) return "No environment has a ledger yet.";
  const [archive] = ledgers.flatMap((ledger) => ledger.archive ?? []);
  const lines = ledgers.flatMap((ledger) => [lineOf(ledger), ...reasonsOf(ledger)]);
  if (archive && file !== undefined)
    lines.push(
      `${plain(file)}: ${archive.size} bytes, ${archive.digest}. Keep it: floe audit verify --bundle ${plain(file)} verifies what was removed.`,
    );
  if (ledgers.some(({ status }) => status === "planned"))
    lines.push("Nothing was changed. To do it: floe audit prune --archive FILE");
  return lines.join("\n");
}

function lineOf({ environment, status, removed, kept, before }: PrunedLedger): string {
  const name = paint("bold", environment);
  const begins = kept
    ? `; it begins with event ${kept.seq} of ${kept.at} (${shortDigest(kept.hash)})`
    : "";
  const events = `${removed} event${removed === 1 ? "" : "s"}`;
  switch (status) {
    case "pruned":
      return `${name}: ${events} removed${begins}`;
    case "planned":
      return `${name}: ${events} would be removed${begins}`;
    case "finished":
      return `${name}: ${events} removed that were pruned before`;
    case "nothing":
      return `${name}: nothing to remove from before ${before}`;
  }
}

// Why events that are old enough stay.
function reasonsOf({ needed }: PrunedLedger): string[] {
  const shown = needed
    .slice(0, MOST_SHOWN)
    .map(({ seq, why }) => `  stays: event ${seq}, ${plain(why)}`);
  const more = needed.length - shown.length;
  return more > 0 ? [...shown, `  and ${more} more that something rests on`] : shown;
}
