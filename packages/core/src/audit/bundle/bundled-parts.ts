import type { EventBody } from "../../ledger/event.ts";
import { prunedBy } from "../../ledger/fold-state.ts";
import type { Pruned } from "../../ledger/prune-body.ts";
import type { Digest } from "../../model/digest.ts";
import type { LinkedPart } from "../check-links.ts";
import { type EventLink, isBroken, readEventLink } from "../event-link.ts";
import { type BundledEvent, type BundleTrust, readBundledEvents } from "./bundled-events.ts";
import type { BundledLedger } from "./read-bundle.ts";

/** How a bundled ledger begins, and where it was. */
export interface BundledParts {
  readonly genesis: EventBody<"genesis"> | null;
  /** Hash of that event. */
  readonly pinned: Digest | null;
  /** The places, oldest first. */
  readonly parts: readonly LinkedPart[];
}

/** Finds the beginning of a bundled ledger, and the places that it was in as far as it was not pruned. */
export function bundledParts(
  ledger: BundledLedger,
  pruned: Pruned | null,
  trust: BundleTrust,
): BundledParts {
  const beginning = firstEvent(ledger, trust);
  const genesis = beginning?.event.kind === "genesis" ? beginning.event.body : null;
  const parts = partsOf(ledger, beginning, trust);
  return {
    genesis,
    pinned: beginning?.hash ?? null,
    parts: pruned ? partsSince(pruned, parts) : parts,
  };
}

/** The newest pruning by somebody who is trusted; `null`: there is none. */
export function newestPruning(ledger: BundledLedger, trust: BundleTrust): Pruned | null {
  const entries = ledger.entries.filter(({ seq, bytes }) => {
    const link = readEventLink(seq, bytes);
    return !isBroken(link) && link.kind === "prune";
  });
  if (entries.length === 0) return null;
  const { events } = readBundledEvents({ ...ledger, entries }, () => "own-tag", trust);
  return events.reduce<Pruned | null>((newest, { event, authorized }) => {
    const found = authorized && event.kind === "prune" ? prunedBy(event) : null;
    return found && found.seq > (newest?.seq ?? 0) ? found : newest;
  }, null);
}

// The event that a pruned ledger begins with is for its place what a genesis is elsewhere.
function partsSince({ seq, hash }: Pruned, parts: readonly LinkedPart[]): LinkedPart[] {
  const later = parts.filter(({ first }) => first > seq);
  const mode = parts.findLast(({ first }) => first <= seq)?.mode ?? "slot";
  return [{ mode, first: seq, genesis: hash }, ...later];
}

function firstEvent(ledger: BundledLedger, trust: BundleTrust): BundledEvent | null {
  const [pinned] = beginningsOf(ledger, ({ hash }) => hash === ledger.genesis, trust);
  if (pinned) return pinned;
  return beginningsOf(ledger, ({ slot }) => slot === 0, trust)[0] ?? null;
}

// Events with which the ledger begins, or goes on in another place, as the bundle has them.
function beginningsOf(
  ledger: BundledLedger,
  wanted: (link: EventLink) => boolean,
  trust: BundleTrust,
): BundledEvent[] {
  const entries = ledger.entries.filter(({ seq, bytes }) => {
    const link = readEventLink(seq, bytes);
    return !isBroken(link) && link.kind === "genesis" && wanted(link);
  });
  const { events } = readBundledEvents({ ...ledger, entries }, () => "slot", trust);
  // As they stand in the bundle.
  const places = new Map(entries.map(({ bytes }, index) => [bytes, index]));
  const placeOf = ({ bytes }: BundledEvent): number => places.get(bytes) ?? 0;
  return events
    .filter(({ event }) => event.kind === "genesis")
    .sort((a, b) => placeOf(a) - placeOf(b));
}

// Every beginning names the place before, also where that one's own beginning is not there.
function partsOf(
  ledger: BundledLedger,
  beginning: BundledEvent | null,
  trust: BundleTrust,
): LinkedPart[] {
  const parts: LinkedPart[] = [];
  let genesis = ledger.genesis;
  for (let current = beginning; current?.event.kind === "genesis"; ) {
    const { mode, continues } = current.event.body;
    const first = continues ? current.event.seq : 0;
    parts.unshift({ mode, first, genesis });
    if (!continues || continues.first >= first) break;
    const { genesis: before } = continues;
    genesis = before;
    const known = beginningsOf(ledger, ({ hash }) => hash === before, trust);
    current = known.find(({ event }) => event.seq < first) ?? null;
    if (!current) parts.unshift({ mode: continues.mode, first: continues.first, genesis });
  }
  const [oldest] = parts;
  if (oldest?.first === 0) return parts;
  return [{ mode: "slot", first: 0, genesis: oldest ? null : ledger.genesis }, ...parts];
}
