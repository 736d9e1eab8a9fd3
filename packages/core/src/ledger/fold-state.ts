import { type EventActor, type EventFacts, invalidEvent, type LedgerState } from "./event.ts";
import type { Pruned } from "./prune-body.ts";

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
      return event.body.continues ? state : EMPTY_STATE;
    case "move":
      return foldMove(state, event);
    case "prune":
      return foldPruning(state, event);
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
    case "approval":
    case "denial":
      return { ...state, approvals: [...withoutOpinion(state, event), opinion(event)] };
    case "withdrawal":
      return { ...state, approvals: withoutOpinion(state, event, event.body.of) };
    case "quarantine":
      return {
        ...state,
        holds: [
          ...state.holds.filter((hold) => !(hold.kind === "quarantine" && sameDigest(hold, event))),
          holdOf("quarantine", event.body, event),
        ],
      };
    case "unquarantine":
      return { ...state, holds: state.holds.filter((hold) => !sameDigest(hold, event)) };
    case "adopt":
      return foldAdoption(state, event);
    case "policy": {
      const { policy_digest, authority_digest, unpins } = event.body;
      if (unpins === true) return { ...state, policy: null };
      const pinned = { policy_digest, authority_digest, seq: event.seq, at: event.at };
      return { ...state, policy: { ...pinned, by: actorName(event.actor) } };
    }
    case "refusal":
    case "settle":
      return state;
    default: {
      const unknown: never = event;
      throw invalidEvent("?", `cannot fold ${JSON.stringify(unknown)}`);
    }
  }
}

type Opinion = LedgerState["approvals"][number];

function opinion(event: Extract<EventFacts, { kind: "approval" | "denial" }>): Opinion {
  const { version, digest, policy_digest, expires_at, reason } = event.body;
  const { kind, seq, at } = event;
  const by = actorName(event.actor);
  const signer = signerOf(event.actor);
  return { kind, seq, version, digest, policy_digest, by, signer, at, expires_at, reason };
}

/** Who an actor is proven to be: the key, or the issuer and subject. */
function signerOf({ key_id: key, issuer, subject }: EventActor): string {
  return key ?? `${subject ?? ""} of ${issuer ?? ""}`;
}

// Somebody has one opinion of an artifact at a time: the newer replaces the older, whichever kind it is. Whose it is goes by
// the signature: names are the event's own word, and nobody takes back what another has said.
function withoutOpinion(
  state: LedgerState,
  event: Extract<EventFacts, { kind: "approval" | "denial" | "withdrawal" }>,
  kind?: Opinion["kind"],
): Opinion[] {
  const signer = signerOf(event.actor);
  return state.approvals.filter(
    (given) =>
      !(given.signer === signer && sameDigest(given, event) && (kind ?? given.kind) === given.kind),
  );
}

function sameDigest(
  entry: { readonly digest: string },
  event: { readonly body: { readonly digest: string } },
): boolean {
  return entry.digest === event.body.digest;
}

function holdOf(
  kind: "rollback" | "quarantine",
  { version, digest, reason }: Pick<LedgerState["holds"][number], "version" | "digest" | "reason">,
  { actor, at }: Pick<EventFacts, "actor" | "at">,
): LedgerState["holds"][number] {
  return { kind, version, digest, reason, by: actorName(actor), at };
}

function foldAdoption(
  state: LedgerState,
  event: Extract<EventFacts, { kind: "adopt" }>,
): LedgerState {
  const { version, digest } = event.body;
  const { operation, seq, at } = event;
  const previous_seq = previousSeq(state, digest);
  const by = actorName(event.actor);
  const adopted = { version, digest, operation, record: null, seq, at, by, previous_seq };
  return { ...state, current: { ...adopted, adopted: true } };
}

// Of two that were written at the same time the first in order counts, until it is withdrawn.
function foldMove(state: LedgerState, event: Extract<EventFacts, { kind: "move" }>): LedgerState {
  const { moved, ...rest } = state;
  const { withdraws, to } = event.body;
  if (withdraws !== undefined)
    return moved?.operation === withdraws ? (rest as LedgerState) : state;
  if (moved || !to) return state;
  const { backend, location, slots, mode, first, genesis } = to;
  const place = { backend, location, ...(slots === undefined ? {} : { slots }), mode };
  const { operation, seq, at } = event;
  return {
    ...state,
    moved: { ...place, first, genesis, operation, seq, at, by: actorName(event.actor) },
  };
}

/** What a pruning leaves in the state. */
export function prunedBy(event: Extract<EventFacts, { kind: "prune" }>): Pruned {
  const { seq, hash, size } = event.body.kept;
  const { operation, at } = event;
  return { seq, hash, size, by_seq: event.seq, operation, at, by: actorName(event.actor) };
}

// What was removed stays removed: of two the one that leaves less counts.
function foldPruning(
  state: LedgerState,
  event: Extract<EventFacts, { kind: "prune" }>,
): LedgerState {
  if (state.pruned && state.pruned.seq >= event.body.kept.seq) return state;
  return { ...state, pruned: prunedBy(event) };
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
  const unmet = body.rollback ? body.rollback.unmet_gates : body.unmet_gates;
  const overlapped = state.current !== null && state.current.seq > intent.seq;
  const current = {
    version: body.version,
    digest: body.digest,
    operation: event.operation,
    record: body.record?.digest ?? null,
    seq: event.seq,
    at: event.at,
    by,
    previous_seq: body.rollback ? body.rollback.previous_seq : previousSeq(state, body.digest),
    ...(body.overrides && body.overrides.length > 0 ? { overrides: body.overrides } : {}),
    ...(body.gate_ms ? { gate_ms: body.gate_ms } : {}),
    ...(unmet && unmet.length > 0 ? { unmet_gates: unmet } : {}),
    ...(body.policy ? { policy: body.policy } : {}),
    ...(overlapped && state.current ? { overlaps: state.current.operation } : {}),
  };
  // What was approved is done: the same approval cannot be used twice. A denial stands until its author takes it back.
  const approvals = closed.approvals.filter(
    (given) => given.kind === "denial" || given.digest !== body.digest,
  );
  if (!body.rollback) return { ...closed, current, approvals };
  const { from, count, reason } = body.rollback;
  const held = { ...holdOf("rollback", { ...from, reason }, event), by };
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
