import { foldState } from "../ledger/fold-state.ts";
import type { Continues } from "../ledger/move-body.ts";
import type { LedgerMode } from "../ledger/oci-backend.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import { stateDifferences } from "../verification/state-divergences.ts";
import type { AuditFinding } from "./verdict.ts";

/** A place that a ledger was moved from. */
export interface LeftPlace<Stored extends VerifiedEvent = VerifiedEvent> {
  readonly mode: LedgerMode;
  /** The event with which the ledger began there; `undefined`: it cannot be read. */
  readonly beginning: Stored | undefined;
  /** The event with which it goes on in the next place; `undefined`: it cannot be read, which is told elsewhere. */
  readonly next: Stored | undefined;
  /** What lies behind its end there: the event that moved it on, and whatever else. */
  readonly behind: readonly Stored[];
}

/** What the places say that a ledger was moved from. */
export interface MoveAnswers<Stored extends VerifiedEvent = VerifiedEvent> {
  /** The ends and beginnings do not name one another, or something was put behind an end. */
  readonly changed: readonly AuditFinding[];
  /** An end is not there. */
  readonly missing: readonly AuditFinding[];
  readonly notes: readonly string[];
  /** The ends that hold. */
  readonly ends: readonly Stored[];
}

/** What may be behind an end: ends of which one counts, beginnings that nobody pinned, and what was refused. */
const HARMLESS: ReadonlySet<string> = new Set(["move", "genesis", "refusal"]);

/**
 * Checks that each place which a ledger was moved from, and the one where it went on, name each other: the beginning there what
 * was the newest event here, and the end here that beginning, by somebody who might sign it. Nothing else may be behind an end.
 */
export function checkMoves<Stored extends VerifiedEvent>(
  places: readonly LeftPlace<Stored>[],
): MoveAnswers<Stored> {
  const changed: AuditFinding[] = [];
  const missing: AuditFinding[] = [];
  const notes: string[] = [];
  const ends: Stored[] = [];
  for (const { mode, beginning, next, behind } of places) {
    const continues = next?.event.kind === "genesis" ? next.event.body.continues : undefined;
    if (!next || !continues) continue;
    const where = `${continues.backend} (${continues.location})`;
    const untrue = untruth(continues, next, beginning);
    if (untrue !== null) changed.push(finding(next.event.seq, next.hash, untrue));
    const candidates = behind.filter(({ event }) => event.kind === "move");
    const judged = candidates.map((move) => ({ move, why: whyNoEnd(move, continues, next) }));
    const end = judged.find(({ why }) => why === null)?.move;
    // Of several, the one that comes nearest says most.
    const near = judged.find(({ move }) => leadsTo(move, next)) ?? judged[0];
    if (end) {
      ends.push(end);
      notes.push(
        `events ${continues.first} to ${continues.seq} are in ${where}, which ends with the move of ${end.event.at}`,
      );
    } else if (near)
      changed.push(
        finding(
          near.move.event.seq,
          near.move.hash,
          `it is the end of the ledger in ${where}, and ${near.why}`,
        ),
      );
    else
      missing.push(
        finding(
          next.event.seq,
          null,
          `${where} does not say that the ledger was moved from there to where it is`,
        ),
      );
    const strays = behind.filter(({ event }) => !HARMLESS.has(event.kind));
    const [stray] = strays;
    if (!stray) continue;
    const what = `${strays.length} event${strays.length > 1 ? "s were" : " was"} written to ${where} after the ledger was moved from there (first: ${stray.event.kind} at ${stray.event.at}), without effect`;
    if (mode === "own-tag") notes.push(what);
    else changed.push(finding(stray.event.seq, stray.hash, what));
  }
  return { changed, missing, notes, ends };
}

// What a beginning says about the place before that is not so; `null`: nothing.
function untruth(
  continues: Continues,
  { event }: VerifiedEvent,
  beginning: VerifiedEvent | undefined,
): string | null {
  const { seq, hash, size } = continues;
  if (seq !== event.seq - 1 || hash !== event.prev || size !== event.size - 1)
    return `it says that it goes on from event ${seq} (${hash}), and does not follow that one`;
  if (beginning?.event.kind !== "genesis") return null;
  const { backend, location, slots, mode } = beginning.event.body;
  const same =
    beginning.event.seq === continues.first &&
    backend === continues.backend &&
    location === continues.location &&
    slots === continues.slots &&
    mode === continues.mode;
  return same
    ? null
    : `it says that the ledger was in ${continues.backend} (${continues.location}) from event ${continues.first} on, and event ${beginning.event.seq} says ${backend} (${location})`;
}

function leadsTo({ event }: VerifiedEvent, { hash }: VerifiedEvent): boolean {
  return event.kind === "move" && event.body.to?.genesis === hash;
}

// Why an event does not end a place so that the ledger goes on with `next`; `null`: it does.
function whyNoEnd(move: VerifiedEvent, continues: Continues, next: VerifiedEvent): string | null {
  const { event } = move;
  if (event.kind !== "move" || next.event.kind !== "genesis" || !leadsTo(move, next))
    return `does not lead to event ${next.event.seq} (${next.hash}), with which it goes on`;
  const { to } = event.body;
  const { backend, location, slots, mode } = next.event.body;
  const isThere =
    to?.backend === backend &&
    to.location === location &&
    to.slots === slots &&
    to.mode === mode &&
    to.first === next.event.seq;
  if (!isThere) return `names another place than event ${next.event.seq}, with which it goes on`;
  const follows =
    event.prev === continues.hash &&
    event.seq === continues.seq + 1 &&
    event.size === continues.size + 1 &&
    event.chain === next.event.chain;
  if (!follows) return `does not follow event ${continues.seq}, the last one there`;
  const differs = stateDifferences(foldState(next.event.state, event), event.state);
  if (differs.length > 0)
    return `carries another state than follows from the events before: ${differs.join(", ")}`;
  // Who has left since may not sign any more; what goes on there was vouched for by others since.
  return move.authorized || isBySame(move, next) ? null : "is by somebody who may not move it";
}

function isBySame({ event: { actor } }: VerifiedEvent, { event, authorized }: VerifiedEvent) {
  const { key_id: key, subject, issuer } = event.actor;
  return authorized && actor.key_id === key && actor.subject === subject && actor.issuer === issuer;
}

function finding(seq: number, hash: string | null, what: string): AuditFinding {
  const fix = "Find out who changed it; compare with a copy that you trust.";
  return { seq, hash, code: "FLOE_LEDGER_TAMPERED", what, fix };
}
