import type { EventActor, LedgerEvent, LedgerState } from "../ledger/event.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";

/** The event that brought an artifact into an environment: the outcome of an operation, or that it was adopted. */
export type Arrival = {
  readonly operation: string;
  readonly version: string;
  readonly digest: Digest;
  /** When the event was signed. */
  readonly at: string;
  /** Who brought it: whoever made the intent, or who adopted it. */
  readonly by: EventActor;
  /** What the environment ran after it. */
  readonly current: LedgerState["current"];
} & (
  | {
      readonly kind: "outcome";
      readonly action: "promote" | "rollback";
      readonly intent: Digest;
      readonly committedAt: string;
      readonly record: { readonly digest: Digest; readonly tag: string };
    }
  /** Nobody has promoted it: there is no record, and no gate was run. */
  | { readonly kind: "adopt" }
);

/** What to look for. */
export interface WantedArrival {
  readonly digest: Digest;
  /** Default: any. */
  readonly version?: string;
  /** Leaves rollbacks out. Default `false`. */
  readonly promotedOnly?: boolean;
}

/** Finds what brought an artifact into an environment; the newest of several. */
export async function findArrival(
  ledger: Ledger,
  view: LedgerView | null,
  wanted: WantedArrival,
  options: CallOptions,
): Promise<Arrival | null> {
  if (!view) return null;
  const { current } = view.state;
  const matches = (found: Arrival | null): found is Arrival =>
    found !== null &&
    found.digest === wanted.digest &&
    (wanted.version === undefined || found.version === wanted.version) &&
    !(wanted.promotedOnly === true && found.kind === "outcome" && found.action === "rollback");
  // What runs there now is what is mostly asked for.
  if (current?.digest === wanted.digest) {
    const found = await arrivalAt(ledger, current.seq, options);
    if (matches(found)) return found;
  }
  for await (const stored of ledger.readBack(options)) {
    const found = arrivalOf(stored);
    if (matches(found)) return found;
  }
  return null;
}

/** Reads the arrival in a slot of the ledger; `null`: there is none that counts. */
export async function arrivalAt(
  ledger: Ledger,
  seq: number,
  options: CallOptions,
): Promise<Arrival | null> {
  for await (const stored of ledger.read(seq, seq, options)) {
    const found = arrivalOf(stored);
    if (found) return found;
  }
  return null;
}

/** What an event says about an arrival; `null`: it is none that counts. */
export function arrivalOf({ event, authorized }: VerifiedEvent): Arrival | null {
  if (!authorized) return null;
  if (event.kind === "adopt") return { ...base(event), by: event.actor, kind: "adopt" };
  if (event.kind !== "outcome" || event.body.result !== "succeeded") return null;
  const { action, intent, operator, record, committed_at: committedAt } = event.body;
  const { public_key } = event.actor;
  const same = operator.key_id !== undefined && operator.key_id === event.actor.key_id;
  if (!record) return null;
  return {
    ...base(event),
    by: same && public_key !== undefined ? { ...operator, public_key } : operator,
    kind: "outcome",
    action,
    intent,
    committedAt: committedAt ?? event.at,
    record,
  };
}

function base(event: Extract<LedgerEvent, { kind: "adopt" | "outcome" }>) {
  const { operation, at, state } = event;
  const { version, digest } = event.body;
  return { operation, version, digest, at, current: state.current };
}
