import type { Digest } from "../model/digest.ts";
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

/**
 * Checks that events follow one another: on a store that serialises, slot by slot; on one that cannot, every event names
 * events that are there. Works from the stored bytes alone, and goes on after the first problem.
 * @param pinned - leaf hash of the genesis that the environment's tag pins; `null`: it is not known
 */
export function checkLinks(
  entries: readonly (EventLink | BrokenEvent)[],
  mode: "slot" | "own-tag",
  pinned: Digest | null,
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
  if (pinned !== null && entries.length > 0 && !entries.some(({ hash }) => hash === pinned))
    problems.push({
      seq: 0,
      hash: pinned,
      what: "the genesis that the environment pins is not its first event",
      kind: "link",
    });
  problems.push(...(mode === "slot" ? chainProblems(entries, events) : graphProblems(events)));
  return { events, problems: problems.sort((a, b) => a.seq - b.seq) };
}

function chainProblems(
  entries: readonly (EventLink | BrokenEvent)[],
  events: readonly EventLink[],
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
  let expected = 0;
  for (const seq of [...found.keys()].sort((a, b) => a - b)) {
    if (seq > expected) {
      const more = seq - expected - 1;
      const what = more === 0 ? "it is missing" : `it is missing, and ${more} more after it`;
      problems.push({ seq: expected, hash: null, what, kind: "gap" });
    }
    expected = seq + 1;
  }
  const first = events[0]?.chain;
  for (const { slot: seq, hash, prev, size, chain } of events) {
    const before = found.get(seq - 1);
    if (chain !== first)
      problems.push({ seq, hash, what: "it belongs to another ledger", kind: "link" });
    else if (size !== seq + 1)
      problems.push({
        seq,
        hash,
        what: `it says that there are ${size} events with it`,
        kind: "link",
      });
    if (seq === 0 ? prev !== null : before !== undefined && prev !== before.hash)
      problems.push({ seq, hash, what: "it does not follow the event before it", kind: "link" });
  }
  return problems;
}

function graphProblems(events: readonly EventLink[]): LinkProblem[] {
  const problems: LinkProblem[] = [];
  const known = new Map(events.map((event) => [event.hash, event]));
  for (const { slot: seq, hash, prev, rivals } of events) {
    if (prev === null && seq > 0)
      problems.push({ seq, hash, what: "it follows nothing", kind: "link" });
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

/** Root over the events that a checkpoint is about; `null`: the ledger does not have as many, or not that head. */
export function rootOf(
  { size, head }: { readonly size: number; readonly head: Digest | null },
  events: readonly EventLink[],
): Digest | null {
  const covered = head === null ? events.slice(0, size) : reachedFrom(head, events);
  return covered.length === size ? merkleRoot(covered.map(({ hash }) => hash)) : null;
}
