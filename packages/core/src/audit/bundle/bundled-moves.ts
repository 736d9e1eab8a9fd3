import { leafHash } from "../../ledger/event.ts";
import type { LinkedPart } from "../check-links.ts";
import { checkMoves, type LeftPlace, type MoveAnswers } from "../check-moves.ts";
import type { AuditFinding } from "../verdict.ts";
import { type BundledEvent, type BundleTrust, readBundledEvent } from "./bundled-events.ts";
import type { BundledLedger } from "./read-bundle.ts";

/** What the places say that a bundled ledger was moved from. */
export interface BundledMoves extends Omit<MoveAnswers, "ends"> {
  /** The ends that hold, and whatever is signed by another than it names: what the signatures are judged of. */
  readonly signed: readonly BundledEvent[];
}

/** Judges what a bundle has of the ends of a ledger in the places that it was moved from. */
export function bundledMoves(
  ledger: BundledLedger,
  parts: readonly LinkedPart[],
  events: readonly BundledEvent[],
  trust: BundleTrust,
): BundledMoves {
  const at = (genesis: string | null | undefined): BundledEvent | undefined =>
    events.find(({ hash, event }) => hash === genesis && event.kind === "genesis");
  const changed: AuditFinding[] = [];
  const invalid: BundledEvent[] = [];
  const places = parts.slice(0, -1).map(({ mode, genesis }, index): LeftPlace<BundledEvent> => {
    const behind: BundledEvent[] = [];
    for (const { place, seq, bytes } of ledger.behind) {
      if (place !== genesis) continue;
      const read = readBundledEvent(seq, bytes, ledger, trust);
      if ("code" in read) changed.push(read);
      else if (read.signature === "invalid") invalid.push(read);
      else behind.push(read);
    }
    return { mode, beginning: at(genesis), next: at(parts[index + 1]?.genesis), behind };
  });
  for (const { place, seq, bytes } of ledger.behind) {
    if (parts.slice(0, -1).some(({ genesis }) => genesis === place)) continue;
    const what = `it is said to be behind the end of a place that begins with ${place}, which the ledger was not moved from`;
    const fix = "Compare with a copy that you trust.";
    changed.push({ seq, hash: leafHash(bytes), code: "FLOE_LEDGER_TAMPERED", what, fix });
  }
  const { ends, ...answers } = checkMoves(places);
  return {
    ...answers,
    changed: [...changed, ...answers.changed],
    signed: [...ends, ...invalid],
  };
}
