import { hash } from "node:crypto";
import { z } from "zod";
import { FloeError } from "../errors/index.ts";
import { canonicalJson, parseCanonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestHex, inTotoDigest } from "../model/digest.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { DigestText, Seq, Time } from "./event-values.ts";
import { Continues, Moved, MoveTo } from "./move-body.ts";
import { AdoptedTags, Archive, Covering, Frontier, KeptEvent, Pruned } from "./prune-body.ts";

/** Predicate type of every ledger event. */
const EVENT_PREDICATE_TYPE = "https://floe.dev/attestation/event/v1";

/** Who signed an event, as the event itself says; believed only as far as the signature proves it. */
export const EventActor = z.looseObject({
  /** The manifest's name for the identity; `null` when the manifest does not know it. */
  identity: z.string().nullable(),
  method: z.enum(["key", "keyless", "ephemeral"]),
  key_id: z.string().optional(),
  issuer: z.string().optional(),
  subject: z.string().optional(),
  /** SPKI PEM of the key, so that the event can be checked when the manifest no longer knows it. */
  public_key: z.string().optional(),
  /** `--operator`: a label, never a proof. */
  claimed_operator: z.string().optional(),
});
export type EventActor = z.infer<typeof EventActor>;

const RunsOn = z.looseObject({
  boot_id: z.string(),
  pid_namespace: z.string(),
  pid: z.int(),
  process_start: z.string(),
});

/** A time-limited right to finish an operation, and where its holder runs. */
const Lease = z.looseObject({ seconds: z.int().min(1), runs_on: RunsOn });

/** A refusal that the operator has let pass. */
const Override = z.looseObject({ kind: z.string(), reason: z.string(), by: z.string() });

/** An optional gate (`required: false`) that did not pass, so that it only warned. */
const UnmetGate = z.looseObject({ gate: z.string(), status: z.enum(["failed", "error"]) });

/** What an environment runs, as a place in its own history. */
const Current = z.looseObject({
  version: z.string(),
  digest: DigestText,
  operation: z.string(),
  /** Digest of the record's manifest; `null` for an adopted version. */
  record: DigestText.nullable(),
  /** Slot of the outcome that made it current. */
  seq: Seq,
  at: Time,
  by: z.string(),
  /** Slot of the outcome whose version this one replaced. */
  previous_seq: Seq.nullable(),
  /** How long each gate took, in milliseconds; absent where no run could tell. */
  gate_ms: z.record(z.string(), z.int().min(0)).optional(),
  /** As in the outcome. */
  policy: z.string().optional(),
  /** It was there before floe, and somebody has signed that it may stay: no gate was run. */
  adopted: z.literal(true).optional(),
  /** What was overridden to bring it there; absent where nothing was. */
  overrides: z.array(Override).optional(),
  /** Optional gates that did not pass for it; absent where all did, or none were run. */
  unmet_gates: z.array(UnmetGate).optional(),
  /** Another operation that succeeded between this one's intent and outcome: two ran at once, where nothing could prevent it. */
  overlaps: z.string().optional(),
});

const Hold = z.looseObject({
  kind: z.enum(["rollback", "quarantine"]),
  version: z.string(),
  digest: DigestText,
  reason: z.string(),
  by: z.string(),
  at: Time,
});

const Lock = z.looseObject({ reason: z.string(), by: z.string(), at: Time, seq: Seq });

/** The environment's state after an event, folded from everything before, so that nobody needs the whole chain to act. */
export const LedgerState = z.looseObject({
  current: Current.nullable(),
  open_intents: z.array(
    z.looseObject({
      operation: z.string(),
      seq: Seq,
      /** What the intent is about, and who signed it: its outcome cannot say otherwise. */
      digest: DigestText,
      by: z.string(),
      /** Slot of the event that holds the lease: the intent, or who took it over. */
      owner_seq: Seq,
      /** Slot of the owner before, when it was taken over. */
      from_seq: Seq.optional(),
    }),
  ),
  lock: Lock.nullable(),
  holds: z.array(Hold),
  /** Rollbacks made so far, by the version returned to. */
  rollbacks: z.record(z.string(), z.int().min(0)),
  /** Approvals and denials that stand: neither withdrawn nor spent. Whether they are in time is judged when they are used. */
  approvals: z.array(
    z.looseObject({
      kind: z.enum(["approval", "denial"]),
      seq: Seq,
      version: z.string(),
      digest: DigestText,
      policy_digest: DigestText,
      by: z.string(),
      /** Who `by` is proven to be: the key's id, or subject and issuer. */
      signer: z.string().optional(),
      at: Time,
      expires_at: Time.nullable(),
      reason: z.string().nullable(),
    }),
  ),
  /** The policy and authority that the environment is pinned to, and by whom; `null` until somebody pins them. */
  policy: z
    .looseObject({
      policy_digest: DigestText,
      authority_digest: DigestText,
      seq: Seq,
      by: z.string(),
      at: Time,
    })
    .nullable(),
  /** Where the ledger goes on, once it was moved; absent before. */
  moved: Moved.optional(),
  /** With which event the ledger begins since what was before was removed; absent while everything is there. */
  pruned: Pruned.optional(),
});
export type LedgerState = z.infer<typeof LedgerState>;

/** What a rollback leaves, and the place in history that the environment returns to. */
const Rollback = z.looseObject({
  from: z.looseObject({ version: z.string(), digest: DigestText }),
  previous_seq: Seq.nullable(),
  count: z.int().min(1),
  reason: z.string(),
  /** Optional gates that had not passed for the version returned to; absent where all had. */
  unmet_gates: z.array(UnmetGate).optional(),
});

/** What an operation that moves tags sets out to do. */
const IntentBody = z.looseObject({
  action: z.enum(["promote", "rollback"]),
  version: z.string(),
  digest: DigestText,
  media_type: z.string(),
  size: z.int().min(0),
  source: z.string(),
  target: z.string(),
  /** What `latest-ENV` held when the intent was made. */
  before: DigestText.nullable(),
  /** The immutable tag that the operation creates. */
  tag: z.string(),
  /** `environment-tag` for a promotion; `latest-tag` for rollbacks and forced promotions. */
  commit_point: z.enum(["environment-tag", "latest-tag"]),
  lease: Lease,
  policy_digest: DigestText,
  authority_digest: DigestText,
  manifest_digest: z.string(),
  plan_digest: DigestText,
  /** Rollbacks only. */
  rollback: Rollback.optional(),
  /** Absent where nothing was overridden. */
  overrides: z.array(Override).optional(),
});
export type IntentBody = z.infer<typeof IntentBody>;

/**
 * Enough of a policy's digest to know it again. It proves nothing: it spares the question whether the repository has a policy
 * that the last record there names, and an event is kept small.
 */
export function policyMark(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}

/** How an operation ended. */
const OutcomeBody = z.looseObject({
  result: z.enum(["succeeded", "aborted", "failed", "withdrawn"]),
  /** Hash of the intent's event. */
  intent: DigestText,
  action: z.enum(["promote", "rollback"]),
  /** Who made the intent and signed the record; another than the actor where somebody else finished it. */
  operator: EventActor,
  version: z.string(),
  digest: DigestText,
  record: z.looseObject({ digest: DigestText, tag: z.string() }).nullable(),
  tags: z.array(z.looseObject({ tag: z.string(), digest: DigestText })),
  /** When the commit point was reached, by the store's clock; `null` unless it was. */
  committed_at: Time.nullable(),
  /** Copies to secondary registries; this version makes none. */
  registry_sync_status: z.array(z.looseObject({ registry: z.string(), status: z.string() })),
  /** `owner`: the run itself; `resume`: the same command again; `reconcile`: somebody who found it open. */
  resolved_by: z.enum(["owner", "resume", "reconcile"]),
  reason: z.string().optional(),
  /** How long each gate took, in milliseconds; absent where nothing was judged or somebody else finished it. */
  gate_ms: z.record(z.string(), z.int().min(0)).optional(),
  /** Promotions only: optional gates that did not pass; absent where all did. */
  unmet_gates: z.array(UnmetGate).optional(),
  /** {@link policyMark} of the policy that the record's manifest names, so that the repository has it; absent where it names none. */
  policy: z.string().optional(),
  /** Rollbacks only: what was left, and the place in history that the environment returned to. */
  rollback: Rollback.optional(),
  /** As in the intent. */
  overrides: z.array(Override).optional(),
  warnings: z.array(z.string()),
});
export type OutcomeBody = z.infer<typeof OutcomeBody>;

/** What an approval or a denial is about. It says nothing about another artifact, nor under other requirements. */
const Opinion = z.looseObject({
  version: z.string(),
  digest: DigestText,
  policy_digest: DigestText,
  expires_at: Time.nullable(),
  reason: z.string().nullable(),
});

/** A version that is kept out of an environment, or let in again. */
const Quarantine = z.looseObject({ version: z.string(), digest: DigestText, reason: z.string() });

const Bodies = {
  genesis: z.looseObject({
    backend: z.string(),
    /** `self`: the environment's own repository. */
    location: z.string(),
    /** Name of the chain in a store that several repositories may share; absent where it is the repository. */
    slots: z.string().min(1).max(1000).optional(),
    /** `metadata.name` of the manifest: a ledger counts for one project only. */
    project: z.string(),
    mode: z.enum(["slot", "own-tag"]),
    serialises: z.enum(["strong", "advisory"]),
    /** The place that the ledger was moved from, and its end there; absent in the first genesis. */
    continues: Continues.optional(),
  }),
  /** The last event in a place: the ledger goes on in another one. */
  move: z.looseObject({
    to: MoveTo.optional(),
    /** Operation of an earlier `move` that does not count, because somebody wrote meanwhile. */
    withdraws: z.string().optional(),
  }),
  /** What was before an event is removed; it is in an archive. */
  prune: z.looseObject({
    kept: KeptEvent,
    /** Everything that was removed says that it is older. */
    before: Time,
    frontier: Frontier,
    checkpoint: Covering,
    archive: Archive,
    adopted: AdoptedTags.optional(),
  }),
  intent: IntentBody,
  outcome: OutcomeBody,
  refusal: z.looseObject({
    action: z.string(),
    version: z.string(),
    digest: DigestText.nullable(),
    source: z.string(),
    target: z.string(),
    exit_code: z.int(),
    blocking: z.array(z.looseObject({ code: z.string(), message: z.string() })),
    gates: z.array(z.looseObject({ gate: z.string(), status: z.string() })),
  }),
  lock: z.looseObject({ reason: z.string() }),
  unlock: z.looseObject({ reason: z.string() }),
  approval: Opinion,
  denial: Opinion,
  /** The author of an approval or a denial takes it back. */
  withdrawal: z.looseObject({
    of: z.enum(["approval", "denial"]),
    version: z.string(),
    digest: DigestText,
    reason: z.string().nullable(),
  }),
  quarantine: Quarantine,
  /** Ends every hold on the digest: its quarantine, and what a rollback has left. */
  unquarantine: Quarantine,
  /** What the environment already runs is taken for good, without gates. */
  adopt: z.looseObject({
    version: z.string(),
    digest: DigestText,
    media_type: z.string(),
    size: z.int().min(0),
    /** The immutable environment tag, which is written where it is missing. */
    tag: z.string(),
    /** What `latest-ENV` held. */
    before: DigestText.nullable(),
    reason: z.string(),
  }),
  /** From here on only this policy and this authority may be used. */
  policy: z.looseObject({
    policy_digest: DigestText,
    authority_digest: DigestText,
    /** The manifest that is accepted asks for no pin: from here on any may be used. */
    unpins: z.literal(true).optional(),
    reason: z.string(),
  }),
  /** Somebody takes over an open intent whose holder is dead or whose lease is over. */
  reconcile: z.looseObject({
    intent: DigestText,
    lease: Lease,
    /** Slot of the event whose holder is gone. */
    from_seq: Seq,
    /** Hash of a takeover of the same operation that this one ends, because a rival goes first. */
    gives_up: DigestText.optional(),
    /** What the run has overridden that takes over; its record may name that, and what the intent names. */
    overrides: z.array(Override).optional(),
  }),
  /** Somebody who may change the environment says whether events count whose authors today's manifest does not let do so. */
  settle: z.looseObject({
    /** Hashes of the events. */
    events: z.array(DigestText).min(1),
    counts: z.boolean(),
    reason: z.string(),
  }),
} as const;

/** Kinds of events that this version writes and understands. */
export type EventKind = keyof typeof Bodies;

/** The body of an event of one kind. */
export type EventBody<Kind extends EventKind> = z.infer<(typeof Bodies)[Kind]>;

const Frame = z.looseObject({
  v: z.literal(1),
  chain: z.string(),
  environment: z.string(),
  seq: Seq,
  /** Leaf hash of the event before; `null` in the genesis. */
  prev: DigestText.nullable(),
  /** Leaf hashes of concurrent events that this one has seen and folded; only on stores that cannot serialise. */
  rivals: z.array(DigestText).optional(),
  /** Leaf hashes of events since the last that counted, by somebody who could not change the environment: without effect. */
  disregards: z.array(DigestText).optional(),
  /** How many events the ledger has with this one. */
  size: z.int().min(1),
  id: z.string(),
  /** Identifier of the operation that the event belongs to. */
  operation: z.string(),
  kind: z.string(),
  at: Time,
  actor: EventActor,
  agent: z.looseObject({ name: z.string(), version: z.string() }),
  /** Digest over who might do what there when the event was written. */
  authority_digest: DigestText,
  trace_id: z.string(),
  body: z.unknown(),
  state: LedgerState,
});

const Statement = z.looseObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.literal(EVENT_PREDICATE_TYPE),
  predicate: Frame,
});

/** What every event says, whatever its kind. Members that a newer version adds are kept and hashed. */
export interface EventFrame {
  readonly v: 1;
  readonly chain: string;
  readonly environment: string;
  readonly seq: number;
  readonly prev: Digest | null;
  readonly rivals?: readonly Digest[] | undefined;
  readonly disregards?: readonly Digest[] | undefined;
  readonly size: number;
  readonly id: string;
  readonly operation: string;
  readonly at: string;
  readonly actor: EventActor;
  readonly agent: { readonly name: string; readonly version: string };
  readonly authority_digest: Digest;
  readonly trace_id: string;
}

/** An event without the state that it carries: what folding needs. */
export type EventFacts = {
  [Kind in EventKind]: EventFrame & { readonly kind: Kind; readonly body: EventBody<Kind> };
}[EventKind];

/** An event's content, before or after signing. */
export type LedgerEvent = EventFacts & { readonly state: LedgerState };

/** An event as it stands in the ledger. */
export interface StoredEvent {
  readonly event: LedgerEvent;
  /** RFC 6962 leaf hash over the stored bytes: chain link and Merkle leaf are the same value. */
  readonly hash: Digest;
  /** The sigstore bundle, exactly as stored. */
  readonly bytes: Uint8Array;
}

// Hashing in one call is faster than in two, and a ledger has many events. Nothing runs between writing it and reading it.
const scratch = Buffer.alloc(64 * 1024);

/** Computes `SHA-256(0x00 || bytes)`, the leaf hash of RFC 6962 section 2.1. */
export function leafHash(bytes: Uint8Array): Digest {
  const length = bytes.byteLength + 1;
  const whole = length <= scratch.length ? scratch.subarray(0, length) : Buffer.alloc(length);
  whole.set(bytes, 1);
  return `sha256:${hash("sha256", whole, "hex")}` as Digest;
}

/**
 * Serialises an event as the canonical in-toto statement that is signed. The subject is the artifact for events that
 * have one, else the ledger's genesis; the genesis names its own chain.
 */
export function eventStatement(
  event: LedgerEvent,
  subject: { readonly name: string; readonly digest: Digest },
): Uint8Array {
  return new TextEncoder().encode(
    canonicalJson({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: subject.name, digest: inTotoDigest(subject.digest) }],
      predicateType: EVENT_PREDICATE_TYPE,
      predicate: event,
    }),
  );
}

/** Makes the error for an event that cannot be believed. */
export function invalidEvent(where: string, reason: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_EVENT_INVALID",
    message: `ledger event ${where}: ${reason}`,
    hint: "Run floe audit verify, which names what is wrong, and compare with a copy of the ledger that you trust.",
    details: { event: where },
    ...(cause === undefined ? {} : { cause }),
  });
}

const WORTH_COMPILING = 50;
let parsedEvents = 0;

/**
 * Parses the signed bytes of an event.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - not canonical, or not an event
 * @throws {FloeError} FLOE_LEDGER_EVENT_UNKNOWN - of a kind that this version does not know
 */
export function parseEventStatement(statement: Uint8Array, where: string): LedgerEvent {
  let value: unknown;
  try {
    value = parseCanonicalJson(statement);
  } catch (cause) {
    throw invalidEvent(where, "the signed statement is not canonical JSON", cause);
  }
  // Acting takes a few events, for which compiling the schemas would not pay; reading a whole ledger takes thousands.
  parsedEvents += 1;
  const how = parsedEvents > WORTH_COMPILING ? {} : PARSE_ONCE;
  const parsed = Statement.safeParse(value, how);
  if (!parsed.success) throw invalidEvent(where, issueText(parsed.error));
  const frame = parsed.data.predicate;
  const schema = Object.hasOwn(Bodies, frame.kind) ? Bodies[frame.kind as EventKind] : undefined;
  if (!schema) {
    throw new FloeError({
      code: "FLOE_LEDGER_EVENT_UNKNOWN",
      message: `ledger event ${where}: ${frame.agent.name} ${frame.agent.version} wrote it, and this version of floe does not know what ${JSON.stringify(frame.kind.slice(0, 100))} means`,
      hint: "Nothing was changed. Update floe: a newer version is in use for this environment.",
    });
  }
  const body = schema.safeParse(frame.body, how);
  if (!body.success) throw invalidEvent(where, issueText(body.error));
  return { ...frame, body: body.data } as LedgerEvent;
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".")}: ${issue.message}` : "not a ledger event";
}
