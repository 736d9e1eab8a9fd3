// What an event has to have (docs/reference/records.md, "Event"). Members that are not named here are left alone.
import { isCount, isDigest, own } from "./json.ts";

/** Says whether a value is of a shape. */
export type Shape = (value: unknown) => boolean;

const text: Shape = (value) => typeof value === "string";
const isInteger: Shape = (value) => Number.isSafeInteger(value);
const positive: Shape = (value) => isCount(value) && value > 0;
const always: Shape = (value) => value === true;
const boolean: Shape = (value) => typeof value === "boolean";
const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);
const list =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
const some =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(shape);
const one =
  (...words: string[]): Shape =>
  (value) =>
    words.some((word) => word === value);
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const map =
  (shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.values(value).every(shape);

type Shapes = Readonly<Record<string, Shape>>;

function object(required: Shapes, optional: Shapes = {}): Shape {
  return (value) =>
    isObject(value) &&
    Object.entries(required).every(([name, shape]) => shape(own(value, name))) &&
    Object.entries(optional).every(
      ([name, shape]) => !Object.hasOwn(value, name) || shape(own(value, name)),
    );
}

const TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?Z$/;

// February has no day 30, whatever the pattern says.
const time: Shape = (value) => {
  if (typeof value !== "string" || !TIME.test(value) || value.endsWith("\n")) return false;
  const day = value.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) === day;
};

const actor = object(
  { identity: orNull(text), method: one("key", "keyless", "ephemeral") },
  { key_id: text, issuer: text, subject: text, public_key: text, claimed_operator: text },
);
const lease = object({
  seconds: positive,
  runs_on: object({ boot_id: text, pid_namespace: text, pid: isInteger, process_start: text }),
});
const overrides = list(object({ kind: text, reason: text, by: text }));
const unmet = list(object({ gate: text, status: one("failed", "error") }));
const rollback = object(
  {
    from: object({ version: text, digest: isDigest }),
    previous_seq: orNull(isCount),
    count: positive,
    reason: text,
  },
  { unmet_gates: unmet },
);
const action = one("promote", "rollback");
const slots: Shape = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= 1000;
const mode = one("slot", "own-tag");
/** A place where a ledger is or was, and the event with which it begins there. */
const place = { backend: text, location: text, mode, first: isCount, genesis: isDigest };
/** The event that a pruned ledger begins with. */
const several: Shape = (value) => isCount(value) && value >= 2;
const kept = { seq: isCount, hash: isDigest, size: several };

const state = object(
  {
    current: orNull(
      object(
        {
          ...{ version: text, digest: isDigest, operation: text, record: orNull(isDigest) },
          ...{ seq: isCount, at: time, by: text, previous_seq: orNull(isCount) },
        },
        {
          ...{ gate_ms: map(isCount), policy: text, adopted: always, overrides },
          ...{ unmet_gates: unmet, overlaps: text },
        },
      ),
    ),
    open_intents: list(
      object(
        { operation: text, seq: isCount, digest: isDigest, by: text, owner_seq: isCount },
        { from_seq: isCount },
      ),
    ),
    lock: orNull(object({ reason: text, by: text, at: time, seq: isCount })),
    holds: list(
      object({
        ...{ kind: one("rollback", "quarantine"), version: text, digest: isDigest },
        ...{ reason: text, by: text, at: time },
      }),
    ),
    rollbacks: map(isCount),
    approvals: list(
      object(
        {
          ...{ kind: one("approval", "denial"), seq: isCount, version: text, digest: isDigest },
          ...{ policy_digest: isDigest, by: text, at: time, expires_at: orNull(time) },
          reason: orNull(text),
        },
        { signer: text },
      ),
    ),
    policy: orNull(
      object({
        policy_digest: isDigest,
        authority_digest: isDigest,
        seq: isCount,
        by: text,
        at: time,
      }),
    ),
  },
  {
    moved: object({ ...place, operation: text, seq: isCount, at: time, by: text }, { slots }),
    pruned: object({ ...kept, by_seq: isCount, operation: text, at: time, by: text }),
  },
);

/** What every event has, whatever its kind. */
export const isEvent: Shape = object(
  {
    ...{ v: (value: unknown) => value === 1, chain: text, environment: text, seq: isCount },
    ...{ prev: orNull(isDigest), size: positive, id: text, operation: text, kind: text },
    ...{ at: time, actor, agent: object({ name: text, version: text }) },
    ...{ authority_digest: isDigest, trace_id: text, state },
  },
  { rivals: list(isDigest), disregards: list(isDigest) },
);

/** A statement about a ledger event (in-toto Statement v1). */
export const isStatement: Shape = object({
  _type: one("https://in-toto.io/Statement/v1"),
  predicateType: one("https://floe.dev/attestation/event/v1"),
  subject: some(object({ digest: map(text) })),
});

const reason = object({ reason: text });
const opinion = object({
  ...{ version: text, digest: isDigest, policy_digest: isDigest },
  ...{ expires_at: orNull(time), reason: orNull(text) },
});
const quarantine = object({ version: text, digest: isDigest, reason: text });

/** The kinds of events, and their bodies. */
export const BODIES: Shapes = {
  genesis: object(
    {
      ...{ backend: text, location: text, project: text },
      ...{ mode, serialises: one("strong", "advisory") },
    },
    {
      slots,
      continues: object({ ...place, seq: isCount, hash: isDigest, size: positive }, { slots }),
    },
  ),
  prune: object(
    {
      ...{ kept: object(kept), before: time },
      frontier: (value) => some(isDigest)(value) && (value as unknown[]).length <= 53,
      checkpoint: object({ size: positive, root: isDigest }, { head: isDigest }),
      archive: object({ digest: isDigest, size: positive }),
    },
    {
      adopted: (value) =>
        list(object({ tag: text, digest: isDigest }))(value) && (value as unknown[]).length <= 5000,
    },
  ),
  move: object({}, { to: object(place, { slots }), withdraws: text }),
  intent: object(
    {
      ...{ action, version: text, digest: isDigest, media_type: text, size: isCount, source: text },
      ...{ target: text, before: orNull(isDigest), tag: text, lease, manifest_digest: text },
      ...{ policy_digest: isDigest, authority_digest: isDigest, plan_digest: isDigest },
      commit_point: one("environment-tag", "latest-tag"),
    },
    { rollback, overrides },
  ),
  outcome: object(
    {
      ...{ result: one("succeeded", "aborted", "failed", "withdrawn"), intent: isDigest, action },
      ...{ operator: actor, version: text, digest: isDigest, committed_at: orNull(time) },
      record: orNull(object({ digest: isDigest, tag: text })),
      tags: list(object({ tag: text, digest: isDigest })),
      registry_sync_status: list(object({ registry: text, status: text })),
      ...{ resolved_by: one("owner", "resume", "reconcile"), warnings: list(text) },
    },
    {
      ...{ reason: text, gate_ms: map(isCount), unmet_gates: unmet, policy: text },
      ...{ rollback, overrides },
    },
  ),
  refusal: object({
    ...{ action: text, version: text, digest: orNull(isDigest), source: text, target: text },
    exit_code: isInteger,
    blocking: list(object({ code: text, message: text })),
    gates: list(object({ gate: text, status: text })),
  }),
  lock: reason,
  unlock: reason,
  approval: opinion,
  denial: opinion,
  withdrawal: object({
    ...{ of: one("approval", "denial"), version: text, digest: isDigest, reason: orNull(text) },
  }),
  quarantine,
  unquarantine: quarantine,
  adopt: object({
    ...{ version: text, digest: isDigest, media_type: text, size: isCount, tag: text },
    ...{ before: orNull(isDigest), reason: text },
  }),
  policy: object(
    { policy_digest: isDigest, authority_digest: isDigest, reason: text },
    { unpins: always },
  ),
  reconcile: object(
    { intent: isDigest, lease, from_seq: isCount },
    { gives_up: isDigest, overrides },
  ),
  settle: object({ events: some(isDigest), counts: boolean, reason: text }),
};
