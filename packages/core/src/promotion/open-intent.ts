import type { EventBody, LedgerEvent } from "../ledger/event.ts";
import { invalidEvent } from "../ledger/event.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import { latestTag, recordTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";

/** Clock difference that a lease is given before it counts as over on another machine. */
const LEASE_SKEW_MS = 10_000;

/** An intent without an outcome, and what may be done about it. */
export interface OpenIntent {
  readonly operation: string;
  readonly event: VerifiedEvent;
  readonly body: EventBody<"intent">;
  /** Slot of the event that holds the lease: the intent, or the reconcile event that took it over. */
  readonly ownerSeq: number;
  readonly leaseEnds: Date;
  /** `live`: its holder may still be working; `abandoned`: proven dead, or the lease is over. */
  readonly state: "live" | "abandoned";
  /** Whether the commit point was reached: then it is finished, else closed as aborted. */
  readonly committed: boolean;
}

/** Reads the open intents of a ledger, oldest first. On a strong store there is at most one. */
export async function openIntents(
  ledger: Ledger,
  view: LedgerView,
  context: Pick<FloeContext, "store" | "host">,
  options: CallOptions,
): Promise<OpenIntent[]> {
  const found: OpenIntent[] = [];
  for (const open of view.state.open_intents) {
    const intent = await eventOf(ledger, open.seq, open.operation, "intent", options);
    if (intent.event.kind !== "intent")
      throw invalidEvent(`${ledger.environment.name}#${open.seq}`, "it is not an intent");
    const owner =
      open.owner_seq === open.seq
        ? intent
        : await eventOf(ledger, open.owner_seq, open.operation, "reconcile", options);
    const lease = leaseOf(owner.event) ?? intent.event.body.lease;
    const runsOn = lease.runs_on;
    const life = context.host.stateOf({
      bootId: runsOn.boot_id,
      pidNamespace: runsOn.pid_namespace,
      pid: runsOn.pid,
      processStart: runsOn.process_start,
    });
    const leaseEnds = new Date(new Date(owner.event.at).getTime() + lease.seconds * 1000);
    const over = context.store.now().getTime() > leaseEnds.getTime() + LEASE_SKEW_MS;
    found.push({
      operation: open.operation,
      event: intent,
      body: intent.event.body,
      ownerSeq: open.owner_seq,
      leaseEnds,
      state: life === "dead" || over ? "abandoned" : "live",
      committed: await isCommitted(open.operation, intent.event.body, context, options),
    });
  }
  return found;
}

/**
 * Whether an intent's commit point was reached: the tag that commits it holds its digest, and the record is there, which is
 * written first. A tag without a record is somebody else's.
 */
export async function isCommitted(
  operation: string,
  body: EventBody<"intent">,
  context: Pick<FloeContext, "store">,
  options: CallOptions,
): Promise<boolean> {
  // A forced promotion of what runs there already moves no tag: its record is all that it makes.
  if (body.before !== body.digest) {
    const tag = body.commit_point === "environment-tag" ? body.tag : latestTag(body.target);
    if ((await context.store.resolve(tag, options))?.digest !== body.digest) return false;
  }
  return (await context.store.resolve(recordTag(operation), options)) !== null;
}

/** Whether whoever runs now also made an intent: only then may the rest be signed in its name. */
export function isOwnIntent(open: OpenIntent, context: Pick<FloeContext, "signer">): boolean {
  const signer = context.signer?.signer;
  const { actor } = open.event.event;
  if (signer === undefined) return false;
  return signer.method === "keyless"
    ? actor.issuer === signer.issuer && actor.subject === signer.subject
    : actor.key_id === signer.keyId;
}

function leaseOf(event: LedgerEvent): EventBody<"reconcile">["lease"] | null {
  return event.kind === "reconcile" || event.kind === "intent" ? event.body.lease : null;
}

async function eventOf(
  ledger: Ledger,
  seq: number,
  operation: string,
  kind: LedgerEvent["kind"],
  options: CallOptions,
): Promise<VerifiedEvent> {
  for await (const candidate of ledger.read(seq, seq, options)) {
    if (
      candidate.event.operation === operation &&
      candidate.event.kind === kind &&
      candidate.authorized
    )
      return candidate;
  }
  throw invalidEvent(
    `${ledger.environment.name}#${seq}`,
    `the ${kind} of operation ${operation} is missing`,
  );
}
