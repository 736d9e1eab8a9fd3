import type { Digest } from "../model/digest.ts";
import { checkLinks, type LinkProblem } from "./check-links.ts";
import { readEventLink } from "./event-link.ts";
import { merkleRoot } from "./merkle-root.ts";

/** What the stored bytes of a ledger come to, without their signatures. */
export interface ChainAnswer {
  /** How many of them are events. */
  readonly events: number;
  /** Root of the Merkle tree over all events (RFC 6962). */
  readonly root: Digest;
  /** What was changed, moved, put in or left out; the first first. */
  readonly problems: readonly LinkProblem[];
}

/**
 * Checks that events follow one another, from their stored bytes alone: the first part of what `audit` does, for whoever has the
 * bytes from elsewhere. Says nothing about who wrote them. A ledger that was moved between kinds of stores is for `audit`.
 * @param pinned - hash of the first event; `null`: it is not known
 */
export function checkChain(
  entries: Iterable<{ readonly seq: number; readonly bytes: Uint8Array }>,
  mode: "slot" | "own-tag",
  pinned: Digest | null,
): ChainAnswer {
  const links = Array.from(entries, ({ seq, bytes }) => readEventLink(seq, bytes));
  const { events, problems } = checkLinks(links, [{ mode, first: 0, genesis: pinned }]);
  return { events: events.length, root: merkleRoot(events.map(({ hash }) => hash)), problems };
}
