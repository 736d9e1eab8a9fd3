import { modeAt, type Part } from "./check-chain.ts";
import type { Facts } from "./read-event.ts";
import { differences, EMPTY, fold, type State } from "./state.ts";
import { type Finding, tampered } from "./verdict.ts";

/** Whose signature an event has. `certificate`: by one, which is not judged here. */
export type Signature = "trusted" | "stranger" | "certificate" | "invalid";

/** An event, and what it is worth. */
export interface JudgedEvent {
  readonly facts: Facts;
  readonly signature: Signature;
  /** Somebody who is trusted signed it, or went by it; `false`: it has no effect. */
  readonly counts: boolean;
  /** It is believed about the state, and about what it follows. */
  readonly vouches: boolean;
}

/**
 * Works out which events count, newest first: whatever one that counts goes by, its author has judged, and what it names as
 * without effect has none (docs/reference/records.md, "Who is believed"). Gives them in the order in which they count.
 */
export function judgeEvents(
  events: readonly { readonly facts: Facts; readonly signature: Signature }[],
  parts: readonly Part[],
): JudgedEvent[] {
  const followed = new Set<string>();
  const disregarded = new Set<string>();
  let anyFollowed = false;
  const newestFirst = events.toSorted(
    ({ facts: a }, { facts: b }) =>
      b.seq - a.seq || (a.hash < b.hash ? 1 : a.hash > b.hash ? -1 : 0),
  );
  const judgedEvents = newestFirst.map(({ facts, signature }): JudgedEvent => {
    const isFollowed =
      followed.has(facts.hash) || (anyFollowed && modeAt(parts, facts.seq) === "slot");
    const isTrusted = signature === "trusted" || signature === "certificate";
    const counts = !disregarded.has(facts.hash) && (isTrusted || isFollowed);
    if (counts) {
      anyFollowed = true;
      for (const link of [...facts.rivals, ...(facts.prev === null ? [] : [facts.prev])])
        followed.add(link);
      for (const link of facts.disregards) disregarded.add(link);
    }
    return { facts, signature, counts, vouches: counts };
  });
  return judgedEvents.reverse();
}

/** How many events may be looked at again with everything before them: a hostile file would have all of them. */
const MAX_REFOLDS = 100;

/**
 * Events that carry another state than follows from those before, and the state at the end.
 * @param begin - hash of the event that a pruned ledger begins with: what was before is its word
 */
export function checkStates(
  events: readonly JudgedEvent[],
  parts: readonly Part[],
  begin: string | null = null,
): { readonly findings: readonly Finding[]; readonly last: State } {
  const findings: Finding[] = [];
  const after = new Map<string, State>();
  const base = events.find(({ facts }) => facts.hash === begin)?.facts.state ?? EMPTY;
  let newest = base;
  let refolds = 0;
  // Where it was moved from one kind of store to another, every event says what it follows.
  const single = parts.every(({ mode }) => mode === "slot");
  for (const event of events) {
    const { facts } = event;
    const { hash, prev, rivals, seq, kind } = facts;
    const begins = kind === "genesis" && prev === null;
    if (begins) after.set(hash, EMPTY);
    if (begins || !event.counts || hash === begin) continue;
    const direct = prev === null ? undefined : after.get(prev);
    const folded = fold(direct !== undefined && rivals.length === 0 ? direct : newest, facts);
    let fits = differences(folded, facts.state).length === 0;
    let same = folded;
    // After a lie the truth fits as well, and concurrent events may have been folded in either order.
    if (!fits && refolds < MAX_REFOLDS) {
      refolds += 1;
      const past = before(event, events, single).filter(({ facts: one }) => one.hash !== begin);
      same = fold(stateOf(past, base), facts);
      fits = differences(same, facts.state).length === 0;
    }
    if (!fits) {
      const what = differences(folded, facts.state).join(", ");
      findings.push(
        tampered(
          seq,
          hash,
          `it carries another state than follows from the events before: ${what}`,
        ),
      );
    }
    newest = fits ? same : facts.state;
    after.set(hash, newest);
  }
  return { findings, last: newest };
}

function stateOf(events: readonly JudgedEvent[], base: State): State {
  return events
    .filter(({ counts, facts }) => counts && facts.kind !== "genesis")
    .reduce((state, { facts }) => fold(state, facts), base);
}

// What a writer knew, or had to know.
function before(
  { facts }: JudgedEvent,
  events: readonly JudgedEvent[],
  single: boolean,
): JudgedEvent[] {
  if (single) return events.filter((one) => one.facts.seq < facts.seq);
  const known = new Map(events.map((one) => [one.facts.hash, one]));
  const reached = new Set<string>();
  const pending = linksOf(facts);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const linked = known.get(next);
    if (!linked || reached.has(next)) continue;
    reached.add(next);
    pending.push(...linksOf(linked.facts));
  }
  return events.filter((one) => reached.has(one.facts.hash));
}

function linksOf({ prev, rivals }: Facts): string[] {
  return prev === null ? [...rivals] : [prev, ...rivals];
}
