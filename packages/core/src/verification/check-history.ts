import type { LedgerState } from "../ledger/event.ts";
import { actorName, EMPTY_STATE, foldState } from "../ledger/fold-state.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import type { Digest } from "../model/digest.ts";
import { isSignedBy, isValidAt } from "../model/identity.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { Entry } from "./find-way-in.ts";
import type { History } from "./read-history.ts";

const FIND_OUT =
  "Somebody who may act here has used a changed floe. Find out who, and set right what they did by a command that says so.";

/**
 * Works out an environment's state anew from the whole ledger, and holds against it what its writers said the state was: an
 * event carries the state after it, and whoever may change the environment could leave something out of it. Then checks that
 * an operation was not begun where the environment was locked, or the artifact held, or another policy pinned.
 */
export function checkHistory(
  operations: readonly { readonly entry: Entry; readonly record: VerifiedRecord | null }[],
  history: History,
  manifest: Pick<Manifest, "identities">,
  checks: Checks,
): Check[] {
  const found = [
    ...datedBack(history, manifest).slice(0, 3),
    ...divergences(history).slice(0, 3),
    ...operations.flatMap(({ entry, record }) => obstacles(entry, record, history)),
  ];
  if (found.length === 0)
    return [checks.ok("history", "every state that the ledger carries follows from its events")];
  return found.map((what) => checks.failed("history", "FLOE_VERIFY_UNTRUSTED", what, FIND_OUT));
}

/** Folds events in the order in which they count; those without effect are left out. */
function stateOf(events: readonly VerifiedEvent[]): LedgerState {
  return events.filter(counts).reduce((state, { event }) => foldState(state, event), EMPTY_STATE);
}

function counts({ event, authorized }: VerifiedEvent): boolean {
  return authorized && event.kind !== "genesis";
}

/** How far a clock may be behind the one that dated the event before. */
const CLOCK_DIFFERENCE_MS = 60_000;

// An event's time is its signer's word, and what it follows is not. Who was shut out cannot have written after that.
function datedBack({ events }: History, { identities }: Pick<Manifest, "identities">): string[] {
  const dates = new Map(events.map(({ hash, event }) => [hash, event.at]));
  return events.filter(counts).flatMap(({ event }) => {
    const before = event.prev === null ? undefined : dates.get(event.prev);
    if (before === undefined) return [];
    const earliest = new Date(Date.parse(before) - CLOCK_DIFFERENCE_MS);
    if (new Date(event.at) >= earliest) return [];
    const known = identities.filter((identity) => isSignedBy(identity, event.actor));
    if (known.length === 0 || known.some((identity) => isValidAt(identity, earliest))) return [];
    return [
      `event ${event.seq} (${event.kind}) by ${actorName(event.actor)} says ${event.at} and follows one of ${before}, when its signer was shut out already: it is dated back`,
    ];
  });
}

/** Which events carry a state that does not follow from the one before; after one, what it says is gone on from. */
function divergences(history: History): string[] {
  const found: string[] = [];
  const after = new Map<Digest, LedgerState>();
  let newest = EMPTY_STATE;
  for (const stored of history.events) {
    const { event, hash } = stored;
    if (event.kind === "genesis") {
      after.set(hash, EMPTY_STATE);
      continue;
    }
    if (!stored.authorized) continue;
    const direct = event.prev === null ? undefined : after.get(event.prev);
    const single = direct !== undefined && (event.rivals ?? []).length === 0;
    const folded = foldState(single ? direct : newest, event);
    const said = essence(event.state);
    // Concurrent events may have been folded in either order.
    const same =
      essence(folded) === said ? folded : foldState(stateOf(history.before(stored)), event);
    const differs = essence(same) !== said;
    // An approver's event is not believed about the state.
    if (differs && stored.vouches)
      found.push(
        `event ${event.seq} (${event.kind}) by ${actorName(event.actor)} at ${event.at} carries another state than follows from the events before it: ${differing(folded, event.state).join(", ")}`,
      );
    newest = differs ? (stored.vouches ? event.state : folded) : same;
    after.set(hash, newest);
  }
  return found;
}

// What decides about anything. A newer floe may carry more in a state; that is none of this one's business.
const PARTS = {
  "what runs": ({ current }: LedgerState) =>
    current && [current.digest, current.version, current.operation, current.record, current.seq],
  lock: ({ lock }: LedgerState) => lock && [lock.seq, lock.at],
  holds: ({ holds }: LedgerState) => sorted(holds.map(({ kind, digest }) => `${kind} ${digest}`)),
  "what is pinned": ({ policy }: LedgerState) =>
    policy && [policy.policy_digest, policy.authority_digest],
  "approvals and denials": ({ approvals }: LedgerState) =>
    sorted(approvals.map(({ kind, seq, digest }) => `${kind} ${seq} ${digest}`)),
  "open operations": ({ open_intents: open }: LedgerState) =>
    sorted(open.map(({ operation }) => operation)),
};

function sorted(items: readonly string[]): string[] {
  return [...items].sort();
}

function essence(state: LedgerState): string {
  return canonicalJson(Object.values(PARTS).map((part) => part(state)));
}

function differing(wanted: LedgerState, said: LedgerState): string[] {
  return Object.entries(PARTS).flatMap(([name, part]) =>
    canonicalJson(part(wanted)) === canonicalJson(part(said)) ? [] : [name],
  );
}

/** What stood against an operation when it was begun, and was not overridden. */
function obstacles({ intent }: Entry, record: VerifiedRecord | null, history: History): string[] {
  const { lock, holds, policy } = stateOf(history.before(intent));
  const { action, version, digest, policy_digest, authority_digest } = intent.event.body;
  const what = `the ${action} of ${version} (event ${intent.event.seq}) was begun while`;
  const overridden = record ? overridesOf(record).some(({ kind }) => kind === "lock") : false;
  const hold = holds.find((one) => one.digest === digest);
  const repinned =
    policy &&
    (policy.policy_digest !== policy_digest || policy.authority_digest !== authority_digest);
  return [
    ...(lock && !overridden
      ? [`${what} the environment was locked by ${lock.by} (${lock.reason})`]
      : []),
    ...(hold
      ? [
          `${what} it was held: ${hold.kind === "rollback" ? "rolled back from" : "in quarantine"} by ${hold.by} since ${hold.at} (${hold.reason})`,
        ]
      : []),
    ...(repinned
      ? [`${what} another policy was pinned, which ${policy.by} accepted at ${policy.at}`]
      : []),
  ];
}
