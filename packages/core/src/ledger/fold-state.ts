import { type EventActor, type EventFacts, invalidEvent, type LedgerState } from "./event.ts";

/** The state of an environment in which nothing has happened. */
export const EMPTY_STATE: LedgerState = {
  current: null,
  open_intents: [],
  lock: null,
  holds: [],
  rollbacks: {},
  approvals: [],
  policy: null,
};

/** Who an event is by, in one word: the manifest's name, else the key or subject that signed. */
export function actorName(actor: EventActor): string {
  return actor.identity ?? actor.subject ?? actor.key_id ?? "unknown";
}

/**
 * Computes the environment's state after an event from the state before it. Pure and total: writing, reading and
 * verifying a ledger all use this one function.
 */
export function foldState(state: LedgerState, event: EventFacts): LedgerState {
  switch (event.kind) {
    case "genesis":
      return EMPTY_STATE;
    case "intent":
      return {
        ...state,
        open_intents: [
          ...state.open_intents,
          {
            operation: event.operation,
            seq: event.seq,
            digest: event.body.digest,
            by: actorName(event.actor),
            owner_seq: event.seq,
          },
        ],
      };
    case "reconcile":
      return {
        ...state,
        open_intents: state.open_intents.map((open) =>
          open.operation === event.operation ? foldTakeover(open, event) : open,
        ),
      };
    case "outcome":
      return foldOutcome(state, event);
    case "lock":
      return {
        ...state,
        lock: {
          reason: event.body.reason,
          by: actorName(event.actor),
          at: event.at,
          seq: event.seq,
        },
      };
    case "unlock":
      return { ...state, lock: null };
    case "refusal":
    case "settle":
      return state;
    default: {
      const unknown: never = event;
      throw invalidEvent("?", `cannot fold ${JSON.stringify(unknown)}`);
    }
  }
}

// Of several that took over from the same holder at the same time, the one in the lowest slot counts.
function foldTakeover(
  open: LedgerState["open_intents"][number],
  { seq, body }: Extract<EventFacts, { kind: "reconcile" }>,
): LedgerState["open_intents"][number] {
  if (body.gives_up !== undefined) return open;
  if (open.owner_seq === body.from_seq) return { ...open, owner_seq: seq, from_seq: body.from_seq };
  if (open.from_seq !== body.from_seq) return open;
  return { ...open, owner_seq: Math.min(open.owner_seq, seq) };
}

function foldOutcome(
  state: LedgerState,
  event: Extract<EventFacts, { kind: "outcome" }>,
): LedgerState {
  const { body } = event;
  // An intent has one outcome: of two that were written at the same time the first in order counts, and one without an
  // intent, or of another artifact, means nothing.
  const intent = state.open_intents.find((open) => open.operation === event.operation);
  if (intent?.digest !== body.digest) return state;
  const closed = {
    ...state,
    open_intents: state.open_intents.filter((open) => open.operation !== event.operation),
  };
  if (body.result !== "succeeded") return closed;
  const { by } = intent;
  const current = {
    version: body.version,
    digest: body.digest,
    operation: event.operation,
    record: body.record?.digest ?? null,
    seq: event.seq,
    at: event.at,
    by,
    previous_seq: body.rollback ? body.rollback.previous_seq : previousSeq(state, body.digest),
  };
  if (!body.rollback) return { ...closed, current };
  const { from, count, reason } = body.rollback;
  const held = {
    kind: "rollback" as const,
    version: from.version,
    digest: from.digest,
    reason,
    by,
    at: event.at,
  };
  return {
    ...closed,
    current,
    holds: [
      ...closed.holds.filter((hold) => !(hold.kind === "rollback" && hold.digest === from.digest)),
      held,
    ],
    rollbacks: { ...closed.rollbacks, [body.version]: count },
  };
}

// Promoting what is current already (a forced re-record) must not make a version its own predecessor.
function previousSeq(state: LedgerState, digest: string): number | null {
  if (!state.current) return null;
  return state.current.digest === digest ? state.current.previous_seq : state.current.seq;
}
