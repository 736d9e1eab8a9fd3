import type { EventBody } from "../../ledger/event.ts";
import type { LinkedPart } from "../check-links.ts";
import { type EventLink, isBroken, readEventLink } from "../event-link.ts";
import { type BundledEvent, type BundleTrust, readBundledEvents } from "./bundled-events.ts";
import type { BundledLedger } from "./read-bundle.ts";

/** Finds the beginning of a bundled ledger, and the places that it was in, oldest first. */
export function bundledParts(
  ledger: BundledLedger,
  trust: BundleTrust,
): { readonly genesis: EventBody<"genesis"> | null; readonly parts: readonly LinkedPart[] } {
  const beginning = firstEvent(ledger, trust);
  const genesis = beginning?.event.kind === "genesis" ? beginning.event.body : null;
  return { genesis, parts: partsOf(ledger, beginning, trust) };
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
