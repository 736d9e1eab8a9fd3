import { type EventActor, type EventBody, policyMark } from "../ledger/event.ts";
import type { EventDraft } from "../ledger/ledger.ts";
import type { SecondaryRegistry } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { FloeContext } from "./context.ts";
import type { OpenIntent } from "./open-intent.ts";
import type { OperationPlan } from "./operation.ts";
import type { UnmetGate } from "./unmet-gates.ts";

/** How long an intent excludes others before anybody may close or take over what its holder left. */
export const LEASE_SECONDS = 120;

function lease(context: FloeContext): EventBody<"intent">["lease"] {
  const self = context.host.self();
  return {
    seconds: LEASE_SECONDS,
    runs_on: {
      boot_id: self.bootId,
      pid_namespace: self.pidNamespace,
      pid: self.pid,
      process_start: self.processStart,
    },
  };
}

function subjectOf(plan: OperationPlan): NonNullable<EventDraft["subject"]> {
  const { reference, manifest } = plan.artifact;
  return { name: reference.slice(0, reference.indexOf("@")), digest: manifest.descriptor.digest };
}

/** The intent of a plan: what is going to be done, before anything is. */
export function intentDraft(plan: OperationPlan, context: FloeContext): EventDraft<"intent"> {
  const { descriptor } = plan.artifact.manifest;
  return {
    kind: "intent",
    operation: plan.operation,
    subject: subjectOf(plan),
    traceId: plan.traceId,
    claimedOperator: plan.claimedOperator,
    body: {
      action: plan.action,
      version: plan.artifact.version,
      digest: descriptor.digest,
      media_type: descriptor.mediaType,
      size: descriptor.size,
      source: plan.source,
      target: plan.target.name,
      before: plan.before,
      tag: plan.tag,
      commit_point: plan.commitPoint,
      lease: lease(context),
      policy_digest: plan.policyDigest,
      authority_digest: plan.authorityDigest,
      manifest_digest: plan.manifestDigest,
      plan_digest: plan.planDigest,
      ...(plan.rollback
        ? {
            rollback: {
              from: plan.rollback.from,
              previous_seq: plan.rollback.previousSeq,
              count: plan.rollback.count,
              reason: plan.rollback.reason,
              ...unmetIn(plan.rollback.unmetGates),
            },
          }
        : {}),
      ...overridesOf(plan),
    },
  };
}

// Absent where there are none.
function overridesOf({
  overrides,
}: {
  readonly overrides?: EventBody<"intent">["overrides"] | OperationPlan["overrides"];
}): Pick<EventBody<"intent">, "overrides"> {
  return overrides && overrides.length > 0
    ? { overrides: overrides.map(({ kind, reason, by }) => ({ kind, reason, by })) }
    : {};
}

// A run that takes over asks for what the first one has overridden, and may have had to override more.
function both(
  first: NonNullable<EventBody<"intent">["overrides"]>,
  second: OperationPlan["overrides"],
): NonNullable<EventBody<"intent">["overrides"]> {
  const more = second.filter(
    ({ kind, reason, by }) =>
      !first.some((one) => one.kind === kind && one.reason === reason && one.by === by),
  );
  return [...first, ...more.map((one) => ({ ...one }))];
}

/** The member for optional gates that did not pass; absent where there are none. */
export function unmetIn(unmet: readonly UnmetGate[]): {
  readonly unmet_gates?: EventBody<"outcome">["unmet_gates"];
} {
  return unmet.length > 0
    ? { unmet_gates: unmet.map(({ gate, status }) => ({ gate, status })) }
    : {};
}

/** Who takes an abandoned intent over. */
export interface Taker {
  readonly traceId: string;
  readonly claimedOperator?: string | undefined;
  /** What it has overridden itself, for who carries the operation out anew. */
  readonly overrides?: OperationPlan["overrides"];
}

/** Takes an abandoned intent over, with a lease of its own; or, with `givesUp`, leaves it to a rival that did so too. */
export function takeOverDraft(
  open: Pick<OpenIntent, "operation" | "event" | "body" | "ownerSeq">,
  who: Taker,
  context: FloeContext,
  givesUp?: Digest,
): EventDraft<"reconcile"> {
  return {
    kind: "reconcile",
    operation: open.operation,
    subject: { name: open.body.tag, digest: open.body.digest },
    traceId: who.traceId,
    claimedOperator: who.claimedOperator,
    body: {
      intent: open.event.hash,
      lease: lease(context),
      from_seq: open.ownerSeq,
      ...(givesUp === undefined ? overridesOf(who) : { gives_up: givesUp }),
    },
  };
}

/** How an operation ended, for {@link outcomeDraft}. */
export interface Ending {
  readonly result: EventBody<"outcome">["result"];
  readonly record: { readonly digest: Digest; readonly tag: string } | null;
  readonly tags: readonly { readonly tag: string; readonly digest: Digest }[];
  /** When the commit point was reached, as far as that is known; left out when it was not. */
  readonly committedAt?: Date;
  readonly resolvedBy: EventBody<"outcome">["resolved_by"];
  /** Registries that are going to be brought up to date. */
  readonly secondaries?: readonly Pick<SecondaryRegistry, "name">[];
  readonly reason?: string;
  readonly warnings?: readonly string[];
  /** Digest of the policy's blob, which the record's manifest names. */
  readonly policy?: Digest | undefined;
  /** How long each gate took, in milliseconds, for whoever plans the next promotion. */
  readonly gateMs?: Readonly<Record<string, number>>;
  /** Optional gates that did not pass. */
  readonly unmetGates?: readonly UnmetGate[];
}

/** An intent as its outcome needs it. */
export interface IntentOf {
  readonly hash: Digest;
  readonly actor: EventActor;
  readonly body: EventBody<"intent">;
}

/** The one outcome of an intent. */
export function outcomeDraft(
  who: {
    readonly operation: string;
    readonly traceId: string;
    readonly claimedOperator?: string | undefined;
    readonly warnings?: readonly string[];
    readonly overrides?: OperationPlan["overrides"];
  },
  intent: IntentOf,
  ending: Ending,
): EventDraft<"outcome"> {
  return {
    kind: "outcome",
    operation: who.operation,
    subject: { name: intent.body.tag, digest: intent.body.digest },
    traceId: who.traceId,
    claimedOperator: who.claimedOperator,
    body: {
      result: ending.result,
      intent: intent.hash,
      action: intent.body.action,
      operator: intent.actor,
      version: intent.body.version,
      digest: intent.body.digest,
      record: ending.record ? { digest: ending.record.digest, tag: ending.record.tag } : null,
      tags: ending.tags.map((tag) => ({ ...tag })),
      committed_at: ending.committedAt?.toISOString() ?? null,
      registry_sync_status: (ending.secondaries ?? []).map(({ name }) => ({
        registry: name,
        status: "pending",
      })),
      resolved_by: ending.resolvedBy,
      ...(ending.policy === undefined ? {} : { policy: policyMark(ending.policy) }),
      ...(ending.gateMs === undefined ? {} : { gate_ms: ending.gateMs }),
      ...unmetIn(ending.unmetGates ?? []),
      ...(ending.reason === undefined ? {} : { reason: ending.reason.slice(0, 1000) }),
      ...(intent.body.rollback ? { rollback: intent.body.rollback } : {}),
      ...overridesOf({ overrides: both(intent.body.overrides ?? [], who.overrides ?? []) }),
      warnings: [...(ending.warnings ?? [])],
    },
  };
}
