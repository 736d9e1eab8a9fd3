import { type FloeError, isFloeError } from "../errors/index.ts";
import type { Pruned } from "../ledger/prune-body.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Digest } from "../model/digest.ts";
import { RESTORE } from "./ask-store.ts";
import { type LinkedLedger, rootOf } from "./check-links.ts";
import { type CompactRange, isCompactRange, NO_LEAVES } from "./compact-range.ts";
import type { ReadEntries } from "./read-entries.ts";
import type { AuditFinding } from "./verdict.ts";

/** Where the events are that a ledger no longer has. */
export interface PrunedPast {
  /** Slot of the event that the ledger begins with. */
  readonly seq: number;
  /** How many events were removed. */
  readonly events: number;
  readonly at: string;
  readonly by: string;
  /** The file that they are in. */
  readonly archive: { readonly digest: Digest; readonly size: number };
}

/** What a ledger says about the events that were removed. */
export interface Pruning {
  /** `null`: nothing was pruned, or what says so cannot be read. */
  readonly past: PrunedPast | null;
  /** What stands for the removed events when roots are computed; `null`: it cannot be had. */
  readonly range: CompactRange | null;
  readonly findings: readonly AuditFinding[];
  readonly notes: readonly string[];
}

/**
 * Judges what was signed about removed events: that it is there, and that with it the events that are left come to the root of
 * the checkpoint that covered them.
 */
export function pruningOf(
  { pruned, leftover }: Pick<ReadEntries, "pruned" | "leftover">,
  { events }: LinkedLedger,
  verified: readonly VerifiedEvent[] | FloeError,
): Pruning {
  if (!pruned) return { past: null, range: NO_LEAVES, findings: [], notes: [] };
  // That not every signature can be read is told as what it is.
  if (isFloeError(verified)) return { past: null, range: null, findings: [], notes: [] };
  const stored = verified.find(({ event }) => isOf(event, pruned));
  if (stored?.event.kind !== "prune") {
    const what = `events before ${pruned.seq} were removed, and the event that says so is missing`;
    return { past: null, range: null, findings: [found(pruned, null, what)], notes: [] };
  }
  const { hash, event } = stored;
  const { frontier, checkpoint, archive } = event.body;
  const range = { size: pruned.size - 1, roots: frontier };
  const { seq, at, by } = pruned;
  const past = { seq, events: range.size, at, by, archive };
  const covered = { size: checkpoint.size, head: checkpoint.head ?? null };
  const proven = isCompactRange(range) && rootOf(covered, events, range) === checkpoint.root;
  const what = `it does not prove what was removed: with what is left the ${checkpoint.size} events do not come to the root of the checkpoint that it names`;
  return {
    past,
    range: proven ? range : null,
    findings: proven ? [] : [found(pruned, hash, what)],
    notes: [
      `the ${range.size} events before event ${seq} were pruned by ${by} at ${at}; they are in the archive ${archive.digest} (${archive.size} bytes)`,
      ...(leftover > 0
        ? [`${leftover} of them are still stored; floe audit prune removes them`]
        : []),
    ],
  };
}

function isOf({ seq, kind, operation }: VerifiedEvent["event"], pruned: Pruned): boolean {
  return kind === "prune" && seq === pruned.by_seq && operation === pruned.operation;
}

function found({ by_seq: seq }: Pruned, hash: Digest | null, what: string): AuditFinding {
  return { seq, hash, code: "FLOE_LEDGER_TAMPERED", what, fix: RESTORE };
}
