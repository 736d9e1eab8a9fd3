import type { Digest } from "../model/digest.ts";
import { type CompactRange, NO_LEAVES } from "./compact-range.ts";
import { type BrokenEvent, type EventLink, isBroken } from "./event-link.ts";
import { merkleRoot } from "./merkle-root.ts";

/** Something that is not as it was written. */
export interface LinkProblem {
  /** Slot of the first event that is concerned. */
  readonly seq: number;
  readonly hash: Digest | null;
  readonly what: string;
  /** `gap`: something is missing; `link`: something was changed, moved or put in. */
  readonly kind: "gap" | "link";
}

/** A ledger as its stored bytes show it. */
export interface LinkedLedger {
  /** Events in the order in which they count: by slot, then by hash. */
  readonly events: readonly EventLink[];
  readonly problems: readonly LinkProblem[];
}

/** A place that a ledger was in, as far as its links are concerned. */
export interface LinkedPart {
  readonly mode: "slot" | "own-tag";
  /** Number of the genesis there. */
  readonly first: number;
  /** Leaf hash of the genesis there; `null`: it is not known. */
  readonly genesis: Digest | null;
}

/**
 * Checks that events follow one another: on a store that serialises, slot by slot; on one that cannot, every event names
 * events that are there. Works from the stored bytes alone, and goes on after the first problem.
 * @param parts - the places that the events are in, oldest first
 * @param before - how many events the ledger has that are not at hand, before the first part
 */
export function checkLinks(
  entries: readonly (EventLink | BrokenEvent)[],
  parts: readonly LinkedPart[],
  before = 0,
): LinkedLedger {
  const problems: LinkProblem[] = [];
  const events: EventLink[] = [];
  for (const entry of entries) {
    const { slot: seq, hash } = entry;
    if (isBroken(entry)) problems.push({ seq, hash, what: entry.problem, kind: "link" });
    else {
      if (entry.seq !== seq)
        problems.push({
          seq,
          hash,
          what: `it is event ${entry.seq}, in another slot`,
          kind: "link",
        });
      events.push(entry);
    }
  }
  events.sort((a, b) => a.slot - b.slot || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const known = byHash(events);
  const chain = events[0]?.chain;
  for (const [index, part] of parts.entries()) {
    const end = parts[index + 1]?.first ?? Number.POSITIVE_INFINITY;
    const isHere = ({ slot }: { readonly slot: number }): boolean =>
      slot >= part.first && slot < end;
    const stored = entries.filter(isHere);
    const here = events.filter(isHere);
    const { genesis } = part;
    if (genesis !== null && entries.length > 0 && !stored.some(({ hash }) => hash === genesis))
      problems.push({
        seq: part.first,
        hash: genesis,
        what:
          part.first === 0
            ? "the genesis that the environment pins is not its first event"
            : "the event with which the ledger goes on is not the first one there",
        kind: "link",
      });
    const carried = before + events.filter(({ slot }) => slot < part.first).length;
    const last = Number.isFinite(end) ? end - 1 : null;
    problems.push(
      ...(part.mode === "slot"
        ? chainProblems(stored, here, { chain, known, first: part.first, last, carried })
        : graphProblems(here, known, part.first)),
    );
    const first = here.find(({ hash }) => hash === genesis);
    if (part.first > 0 && first && first.size !== carried + 1)
      problems.push({
        seq: part.first,
        hash: first.hash,
        what: `it says that ${first.size - 1} events were before the ledger was moved, and there are ${carried}`,
        kind: "link",
      });
  }
  return { events, problems: problems.sort((a, b) => a.seq - b.seq) };
}

// Of an event that stands in several slots, the one in its own: a copy says nothing about who names it.
function byHash(events: readonly EventLink[]): Map<Digest, EventLink> {
  const known = new Map(events.map((event) => [event.hash, event]));
  for (const event of events) if (event.seq === event.slot) known.set(event.hash, event);
  return known;
}

interface Surroundings {
  readonly chain: string | undefined;
  readonly known: ReadonlyMap<Digest, EventLink>;
  readonly first: number;
  /** Number of the last event of the part; `null`: the newest there is. */
  readonly last: number | null;
  /** How many events there are before the part. */
  readonly carried: number;
}

function chainProblems(
  entries: readonly (EventLink | BrokenEvent)[],
  events: readonly EventLink[],
  { chain: ledger, known, first, last: end, carried }: Surroundings,
): LinkProblem[] {
  const problems: LinkProblem[] = [];
  const found = new Map<number, EventLink | BrokenEvent>();
  for (const entry of entries) {
    if (found.has(entry.slot))
      problems.push({
        seq: entry.slot,
        hash: entry.hash,
        what: "there are two events in one slot",
        kind: "link",
      });
    found.set(entry.slot, entry);
  }
  // A slot's number is the store's word, and may be as large as somebody likes: what is missing is told by where it begins.
  let expected = first;
  const slots = [...found.keys()].sort((a, b) => a - b);
  for (const seq of end === null ? slots : [...slots, end + 1]) {
    if (seq > expected) {
      const more = seq - expected - 1;
      const what = more === 0 ? "it is missing" : `it is missing, and ${more} more after it`;
      problems.push({ seq: expected, hash: null, what, kind: "gap" });
    }
    expected = seq + 1;
  }
  for (const event of events) {
    const { slot: seq, hash, prev, size, chain } = event;
    const before = found.get(seq - 1);
    if (chain !== ledger)
      problems.push({ seq, hash, what: "it belongs to another ledger", kind: "link" });
    else if (size !== carried + seq - first + 1)
      problems.push({
        seq,
        hash,
        what: `it says that there are ${size} events with it`,
        kind: "link",
      });
    const follows =
      seq === first
        ? followsPast(event, known, carried)
        : before === undefined || prev === before.hash;
    if (!follows)
      problems.push({ seq, hash, what: "it does not follow the event before it", kind: "link" });
  }
  return problems;
}

// The first event of a place follows the last one of the place before; where that is not at hand, nothing is said.
function followsPast(
  { slot, prev }: EventLink,
  known: ReadonlyMap<Digest, EventLink>,
  carried: number,
): boolean {
  if (slot === 0) return prev === null;
  if (prev === null) return false;
  return known.get(prev)?.slot === slot - 1 || (carried > 0 && isUnknownPast(slot, known));
}

function isUnknownPast(slot: number, known: ReadonlyMap<Digest, EventLink>): boolean {
  return ![...known.values()].some((event) => event.slot < slot);
}

function graphProblems(
  events: readonly EventLink[],
  known: ReadonlyMap<Digest, EventLink>,
  first: number,
): LinkProblem[] {
  const problems: LinkProblem[] = [];
  for (const { slot: seq, hash, prev, rivals } of events) {
    if (prev === null && seq > 0)
      problems.push({ seq, hash, what: "it follows nothing", kind: "link" });
    if (seq === first && first > 0 && isUnknownPast(first, known)) continue;
    for (const link of prev === null ? rivals : [prev, ...rivals]) {
      const before = known.get(link);
      if (!before)
        problems.push({
          seq: Math.max(0, seq - 1),
          hash: link,
          what: `event ${seq} names it, and it is missing`,
          kind: "gap",
        });
      else if (before.slot > seq || (link === prev && before.slot !== seq - 1))
        problems.push({
          seq,
          hash,
          what: "it does not follow the event that it names",
          kind: "link",
        });
    }
  }
  return problems;
}

/** The events that one goes by, itself included, in the order in which they count. */
export function reachedFrom(head: Digest, events: readonly EventLink[]): EventLink[] {
  const known = new Map(events.map((event) => [event.hash, event]));
  const reached = new Set<Digest>();
  const pending = [head];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const event = known.get(next);
    if (!event || reached.has(next)) continue;
    reached.add(next);
    pending.push(...event.rivals, ...(event.prev === null ? [] : [event.prev]));
  }
  return events.filter(({ hash }) => reached.has(hash));
}

/**
 * Root over the events that a checkpoint is about; `null`: the ledger does not have as many, or not that head.
 * @param before - the events of a ledger that were pruned, by what was signed about them
 */
export function rootOf(
  { size, head }: { readonly size: number; readonly head: Digest | null },
  events: readonly EventLink[],
  before: CompactRange = NO_LEAVES,
): Digest | null {
  const wanted = size - before.size;
  if (wanted < 0) return null;
  const covered = head === null ? events.slice(0, wanted) : reachedFrom(head, events);
  return covered.length === wanted
    ? merkleRoot(
        covered.map(({ hash }) => hash),
        before,
      )
    : null;
}
