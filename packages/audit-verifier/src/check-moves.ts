import type { Part } from "./check-chain.ts";
import type { JudgedEvent, Signature } from "./check-events.ts";
import { own, ownText } from "./json.ts";
import type { BundledLedger } from "./read-bundle.ts";
import { type Facts, readEntry } from "./read-event.ts";
import { differences, fold } from "./state.ts";
import { type Finding, tampered } from "./verdict.ts";

/** What the places come to that a ledger was moved from. */
export interface MoveAnswers {
  readonly changed: readonly Finding[];
  readonly missing: readonly Finding[];
  readonly notes: readonly string[];
  /** The ends that hold, and what is signed by another than it names: what authenticity is about. */
  readonly signed: readonly JudgedEvent[];
}

const HARMLESS = ["move", "genesis", "refusal"];

/**
 * Checks that the end of each place which a ledger was moved from and its beginning in the next one name each other, and that
 * nothing else was put behind an end (docs/reference/audit-bundle.md, "A ledger that was moved").
 */
export function checkMoves(
  ledger: BundledLedger,
  parts: readonly Part[],
  events: readonly JudgedEvent[],
  signatureOf: (facts: Facts) => Signature,
): MoveAnswers {
  const changed: Finding[] = [];
  const missing: Finding[] = [];
  const notes: string[] = [];
  const signed: JudgedEvent[] = [];
  const left = parts.slice(0, -1);
  for (const { place, slot, bytes } of ledger.behind)
    if (!left.some(({ genesis }) => genesis === place)) {
      const { hash } = readEntry({ slot, bytes }, ledger);
      changed.push(tampered(slot, hash, "it is from a place that the ledger was not moved from"));
    }
  for (const [index, { mode, genesis }] of left.entries()) {
    const behind: JudgedEvent[] = [];
    for (const { place, slot, bytes } of ledger.behind) {
      if (place !== genesis) continue;
      const { facts, hash, problem } = readEntry({ slot, bytes }, ledger);
      if (!facts) {
        const fix = "Compare with a copy that you trust.";
        changed.push({ seq: slot, hash, code: "FLOE_LEDGER_EVENT_INVALID", what: problem, fix });
        continue;
      }
      const signature = signatureOf(facts);
      const counts = signature === "trusted" || signature === "certificate";
      const event = { facts, signature, counts, vouches: counts };
      if (signature === "invalid") signed.push(event);
      else behind.push(event);
    }
    const at = (hash: string | null | undefined): JudgedEvent | undefined =>
      events.find(({ facts }) => facts.hash === hash && facts.kind === "genesis");
    const next = at(parts[index + 1]?.genesis);
    const continues = own(next?.facts.body, "continues");
    if (!next || continues === undefined) continue;
    const where = `${ownText(continues, "backend")} (${ownText(continues, "location")})`;
    const { seq, hash } = next.facts;
    if (!isTrue(continues, next.facts, at(genesis)?.facts))
      changed.push(tampered(seq, hash, "what it says about the place before is not so"));
    const moves = behind.filter(({ facts }) => facts.kind === "move");
    const end = moves.find((move) => isEnd(move, next, continues));
    // Of several, the one that comes nearest.
    const near = moves.find(({ facts }) => leadsTo(facts) === hash) ?? moves[0];
    if (end) {
      signed.push(end);
      notes.push(`${where} ends with the move of ${end.facts.at}`);
    } else if (near) {
      const what = `it ends the ledger in ${where}, and does not lead from its last event to event ${seq}`;
      changed.push(tampered(near.facts.seq, near.facts.hash, what));
    } else
      missing.push(tampered(seq, null, `the event is missing that ends the ledger in ${where}`));
    const stray = behind.find(({ facts }) => !HARMLESS.includes(facts.kind))?.facts;
    if (!stray) continue;
    const what = `it was written to ${where} after the ledger was moved from there`;
    if (mode === "slot") changed.push(tampered(stray.seq, stray.hash, what));
    else notes.push(`event ${stray.seq} of ${where}: ${what}, without effect`);
  }
  return { changed, missing, notes, signed };
}

const PLACE = ["backend", "location", "slots", "mode"] as const;

function isSamePlace(one: unknown, other: unknown): boolean {
  return PLACE.every((member) => own(one, member) === own(other, member));
}

// A beginning follows the event that it says it goes on from, and the place before is where its own beginning says.
function isTrue(continues: unknown, next: Facts, before: Facts | undefined): boolean {
  if (own(continues, "seq") !== next.seq - 1 || own(continues, "hash") !== next.prev) return false;
  if (own(continues, "size") !== next.size - 1) return false;
  if (!before) return true;
  return own(continues, "first") === before.seq && isSamePlace(continues, before.body);
}

function leadsTo({ body }: Facts): string | null {
  return ownText(own(body, "to"), "genesis");
}

function isEnd({ facts, counts }: JudgedEvent, next: JudgedEvent, continues: unknown): boolean {
  const { facts: beginning } = next;
  const to = own(facts.body, "to");
  return (
    leadsTo(facts) === beginning.hash &&
    own(to, "first") === beginning.seq &&
    isSamePlace(to, beginning.body) &&
    facts.prev === own(continues, "hash") &&
    facts.seq - 1 === own(continues, "seq") &&
    facts.size - 1 === own(continues, "size") &&
    facts.chain === beginning.chain &&
    differences(fold(beginning.state, facts), facts.state).length === 0 &&
    // Somebody may have left since; what goes on there was vouched for by others.
    (counts || (next.counts && isBySame(facts, beginning)))
  );
}

function isBySame({ actor: one }: Facts, { actor: other }: Facts): boolean {
  return one.keyId === other.keyId && one.issuer === other.issuer && one.subject === other.subject;
}
