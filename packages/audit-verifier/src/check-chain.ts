import { merkleRoot, type Range, WHOLE } from "./hashes.ts";
import type { Link, ReadEntry } from "./read-event.ts";
import { type Finding, tampered } from "./verdict.ts";

/** A ledger as its stored bytes show it. */
export interface Chain {
  /** Events in the order in which they count: by slot, then by hash. */
  readonly links: readonly Link[];
  /** Something was changed, moved or put in. */
  readonly changed: readonly Finding[];
  /** Something is missing. */
  readonly missing: readonly Finding[];
}

/** What of a ledger is in one place: it may have been moved. */
export interface Part {
  readonly mode: "slot" | "own-tag";
  /** Number and hash of the event with which it begins there; `null`: which one that is nobody says. */
  readonly first: number;
  readonly genesis: string | null;
}

/** How events are stored where the one with a number is. */
export function modeAt(parts: readonly Part[], seq: number): Part["mode"] {
  return parts.findLast(({ first }) => first <= seq)?.mode ?? "slot";
}

/**
 * Checks that events follow one another: on a store that serialises, slot by slot; on one that cannot, every event names events
 * that are there. Where the ledger was moved, the first event in the next place names the last in the one before.
 * @param removed - how many events were pruned before the first part
 */
export function checkChain(
  entries: readonly ReadEntry[],
  parts: readonly Part[],
  removed = 0,
): Chain {
  const changed: Finding[] = [];
  const missing: Finding[] = [];
  const links: Link[] = [];
  for (const { slot, hash, link, problem } of entries) {
    if (link === null) changed.push(tampered(slot, hash, problem));
    else {
      if (link.seq !== slot)
        changed.push(tampered(slot, hash, `it is event ${link.seq}, in another slot`));
      links.push(link);
    }
  }
  links.sort((a, b) => a.slot - b.slot || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const known = new Map(links.map((link) => [link.hash, link]));
  // Of an event that stands in several slots, the one in its own: a copy says nothing about who names it.
  for (const link of links) if (link.seq === link.slot) known.set(link.hash, link);
  for (const [index, { mode, first, genesis }] of parts.entries()) {
    const next = parts[index + 1]?.first ?? null;
    const isHere = ({ slot }: { readonly slot: number }): boolean =>
      slot >= first && (next === null || slot < next);
    const here = links.filter(isHere);
    const stored = entries.filter(isHere);
    if (genesis !== null && entries.length > 0 && !stored.some(({ hash }) => hash === genesis))
      changed.push(
        tampered(
          first,
          genesis,
          first === 0
            ? "the genesis that the environment pins is not its first event"
            : "the event with which the ledger goes on is not the first one there",
        ),
      );
    const before = removed + links.filter(({ slot }) => slot < first).length;
    // What the event names that a pruned ledger begins with is gone.
    const begin = index === 0 && removed > 0 ? genesis : null;
    const about = { first, next, before, known, begin, chain: links[0]?.chain };
    const { bad, gone } =
      mode === "slot" ? checkSlots(stored, here, about) : checkGraph(here, about);
    changed.push(...bad);
    missing.push(...gone);
    const size = here.find(({ hash }) => hash === genesis)?.size;
    if (first > 0 && size !== undefined && size !== before + 1)
      changed.push(
        tampered(
          first,
          genesis,
          `it says that ${size - 1} events were before, and there are ${before}`,
        ),
      );
  }
  return { links, changed, missing };
}

interface Problems {
  readonly bad: readonly Finding[];
  readonly gone: readonly Finding[];
}

interface Surroundings {
  readonly first: number;
  /** Number of the first event in the next place; `null`: there is none. */
  readonly next: number | null;
  /** How many events there are in the places before. */
  readonly before: number;
  readonly known: ReadonlyMap<string, Link>;
  /** Hash of the event that a pruned ledger begins with. */
  readonly begin: string | null;
  readonly chain: string | undefined;
}

function checkSlots(
  entries: readonly ReadEntry[],
  links: readonly Link[],
  { first, next, before: carried, known, begin, chain: ledger }: Surroundings,
): Problems {
  const bad: Finding[] = [];
  const gone: Finding[] = [];
  const found = new Map<number, string>();
  for (const { slot, hash } of entries) {
    if (found.has(slot)) bad.push(tampered(slot, hash, "there are two events in one slot"));
    found.set(slot, hash);
  }
  // The numbers in a hostile file may be as large as they like, so gaps are named where they begin.
  let expected = first;
  const slots = [...found.keys()].sort((a, b) => a - b);
  for (const slot of next === null ? slots : [...slots, next]) {
    if (slot > expected) gone.push(tampered(expected, null, gap(expected, slot)));
    expected = slot + 1;
  }
  for (const { slot, hash, prev, size, chain } of links) {
    const before = found.get(slot - 1);
    if (chain !== ledger) bad.push(tampered(slot, hash, "it belongs to another ledger"));
    else if (size !== carried + slot - first + 1)
      bad.push(tampered(slot, hash, `it says that there are ${size} events with it`));
    const follows =
      slot === 0
        ? prev === null
        : slot === first
          ? prev !== null && (hash === begin || known.get(prev)?.slot === slot - 1)
          : before === undefined || prev === before;
    if (!follows) bad.push(tampered(slot, hash, "it does not follow the event before it"));
  }
  return { bad, gone };
}

function gap(from: number, to: number): string {
  return to - from === 1 ? "it is missing" : `it and the ${to - from - 1} after it are missing`;
}

function checkGraph(links: readonly Link[], { known, begin }: Surroundings): Problems {
  const bad: Finding[] = [];
  const gone: Finding[] = [];
  for (const { slot, hash, prev, rivals } of links) {
    if (prev === null && slot > 0) bad.push(tampered(slot, hash, "it follows nothing"));
    if (hash === begin) continue;
    for (const named of prev === null ? rivals : [prev, ...rivals]) {
      const before = known.get(named);
      if (!before)
        gone.push(
          tampered(Math.max(0, slot - 1), named, `event ${slot} names it, and it is missing`),
        );
      else if (before.slot > slot || (named === prev && before.slot !== slot - 1))
        bad.push(tampered(slot, hash, "it does not follow the event that it names"));
    }
  }
  return { bad, gone };
}

/** The events that one goes by, itself included. */
function reachedFrom(head: string, links: readonly Link[]): Link[] {
  const known = new Map(links.map((link) => [link.hash, link]));
  const reached = new Set<string>();
  const pending = [head];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const link = known.get(next);
    if (!link || reached.has(next)) continue;
    reached.add(next);
    pending.push(...link.rivals);
    if (link.prev !== null) pending.push(link.prev);
  }
  return links.filter(({ hash }) => reached.has(hash));
}

/** Root over the events that a checkpoint is about; `null`: the ledger does not have them. */
export function rootOf(
  { size, head }: { readonly size: number; readonly head: string | null },
  links: readonly Link[],
  before: Range = WHOLE,
): string | null {
  const wanted = size - before.size;
  if (wanted < 0) return null;
  const covered = head === null ? links.slice(0, wanted) : reachedFrom(head, links);
  if (covered.length !== wanted) return null;
  const hashes = covered.map(({ hash }) => hash);
  return merkleRoot(hashes, before);
}
