import { actorName } from "../ledger/fold-state.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { isSignedBy, isValidAt } from "../model/identity.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { Entry } from "./find-way-in.ts";
import type { History } from "./read-history.ts";
import { counts, stateDivergences, stateOf } from "./state-divergences.ts";

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
    ...[
      ...datedBack(history, manifest).slice(0, 3),
      ...stateDivergences(history).found.slice(0, 3),
    ].map(({ what }) => what),
    ...operations.flatMap(({ entry, record }) => obstacles(entry, record, history)),
  ];
  if (found.length === 0)
    return [checks.ok("history", "every state that the ledger carries follows from its events")];
  return found.map((what) => checks.failed("history", "FLOE_VERIFY_UNTRUSTED", what, FIND_OUT));
}

/** How far a clock may be behind the one that dated the event before. */
const CLOCK_DIFFERENCE_MS = 60_000;

/** An event's time is its signer's word, and what it follows is not. Who was shut out cannot have written after that. */
export function datedBack(
  { events }: History,
  { identities }: Pick<Manifest, "identities">,
): { readonly seq: number; readonly hash: Digest; readonly what: string }[] {
  const dates = new Map(events.map(({ hash, event }) => [hash, event.at]));
  return events.filter(counts).flatMap(({ event, hash }) => {
    const before = event.prev === null ? undefined : dates.get(event.prev);
    if (before === undefined) return [];
    const earliest = new Date(Date.parse(before) - CLOCK_DIFFERENCE_MS);
    if (new Date(event.at) >= earliest) return [];
    const known = identities.filter((identity) => isSignedBy(identity, event.actor));
    if (known.length === 0 || known.some((identity) => isValidAt(identity, earliest))) return [];
    const what = `event ${event.seq} (${event.kind}) by ${actorName(event.actor)} says ${event.at} and follows one of ${before}, when its signer was shut out already: it is dated back`;
    return [{ seq: event.seq, hash, what }];
  });
}

/** What stood against an operation when it was begun, and was not overridden. */
function obstacles({ intent }: Entry, record: VerifiedRecord | null, history: History): string[] {
  const { lock, holds, policy } = stateOf(history.before(intent), history.base);
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
