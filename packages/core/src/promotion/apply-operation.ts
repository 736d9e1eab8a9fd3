import { FloeError, isFloeError } from "../errors/index.ts";
import { holdSlot } from "../ledger/hold-slot.ts";
import type { AppendedEvent, EventDraft, Ledger, LedgerView } from "../ledger/ledger.ts";
import { latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { LedgerPlace } from "./build-record.ts";
import type { FloeContext } from "./context.ts";
import { type IntentOf, intentDraft, LEASE_SECONDS, outcomeDraft } from "./drafts.ts";
import { isCommitted } from "./open-intent.ts";
import type { OperationDone, OperationPlan, Operator } from "./operation.ts";
import { afterCommit, notAppended, tooSlow } from "./operation-errors.ts";
import { pinPolicy } from "./policy-pin/pin-policy.ts";
import { summarySigners } from "./read-summary.ts";
import { changedSince, isOurs, recheck, recheckLedger } from "./recheck.ts";
import { takeOver } from "./take-over.ts";
import { unmetGates } from "./unmet-gates.ts";
import { type WrittenRecord, writeRecord } from "./write-record.ts";
import { type DueSummary, writeSummary } from "./write-summary.ts";

/** Why a plan was not applied although nothing in it blocked. */
export type Applied =
  | OperationDone
  /** Somebody changed the environment since the plan was made: plan again. */
  | { readonly kind: "stale"; readonly why: string };

/** A view that is not older is worth claiming a slot on: a rival is found after the claim all the same. */
const YOUNG_MS = 5000;

/** So much of the lease has to be left for the tag to be moved without looking at it once more. */
const LEASE_LEFT_MS = 60_000;

/** How long closing an operation may take after it failed or was interrupted. */
const CLOSING_MS = 15_000;

/** How long finishing a committed operation may take, whatever the caller's signal says. */
const FINISHING_MS = 60_000;

/**
 * Carries a plan out: intent → record → immutable tag → `latest-ENV` → outcome. It never decides: whatever the plan
 * rests on is compared once more under the intent, and a difference makes the plan stale.
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - the intent could not be appended; nothing was changed
 * @throws {FloeError} FLOE_LEDGER_OUTCOME_MISSING - done, but the outcome is not recorded yet
 */
export async function applyOperation(
  plan: OperationPlan,
  operator: Operator,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions & {
    /** What the plan was made on, and when that began to be read, by the clock in milliseconds. */
    readonly planned?: Planned;
  },
): Promise<Applied> {
  const claimed = await claim(plan, ledger, context, options);
  if (claimed.kind === "stale") return claimed;
  const { intent, place, view } = claimed;
  const commit: Commit = { attempted: false, written: [] };
  try {
    const changed = await recheckLedger(plan, view, claimed, ledger, context, options);
    if (changed !== null) {
      await close(plan, claimed, ledger, context, { result: "aborted", reason: changed });
      return { kind: "stale", why: changed };
    }
    const record = await writeRecord(
      plan,
      operator,
      { place, state: view.state },
      context,
      options,
    );
    // Much may be appended beside an open intent, so the last look is right before the commit.
    const last = await ledger.view(options);
    const late = last
      ? await recheck(plan, last, claimed, ledger, context, options)
      : "the ledger vanished";
    if (late !== null || !last) {
      await close(plan, claimed, ledger, context, { result: "aborted", reason: late ?? "" });
      return { kind: "stale", why: late ?? "" };
    }
    return await commitAndFinish(
      { plan, intent, place, record, view: last, leaseEnds: claimed.leaseEnds },
      ledger,
      context,
      commit,
      options,
    );
  } catch (thrown) {
    const cause = tooSlow(plan.target.name, thrown, options);
    await settle(plan, claimed, ledger, context, commit, cause);
    throw cause;
  }
}

interface Planned {
  readonly view: LedgerView;
  readonly at: number;
}

/** How far an operation got, for whoever has to clean up after an error. */
interface Commit {
  /** The write that commits was sent; whether it arrived is only known by reading. */
  attempted: boolean;
  /** Tags that were written, whether or not it comes to the commit. */
  readonly written: TagAt[];
}

type TagAt = OperationDone["tags"][number];

async function commitAndFinish(
  ready: {
    readonly plan: OperationPlan;
    readonly intent: IntentOf;
    readonly place: LedgerPlace;
    readonly record: WrittenRecord;
    readonly view: LedgerView;
    readonly leaseEnds: number;
  },
  ledger: Ledger,
  context: FloeContext,
  commit: Commit,
  options: CallOptions,
): Promise<OperationDone> {
  const { plan, intent, place, record, view, leaseEnds } = ready;
  const { bytes, descriptor } = plan.artifact.manifest;
  const input = { bytes, mediaType: descriptor.mediaType };
  const latest = latestTag(plan.target.name);
  const summarize = async (within: CallOptions): Promise<void> => {
    if (plan.action === "promote")
      await writeSummary(summaryOf(plan, record, context), context, within);
  };
  options.signal.throwIfAborted();
  commit.attempted = plan.commitPoint === "environment-tag";
  // The open intent keeps rivals out.
  const created = await context.store.createTag(plan.tag, input, { ...options, exclusive: true });
  const appeared = created.status === "unchanged" && commit.attempted && plan.resumes === null;
  if (created.status === "taken" || appeared) {
    commit.attempted = false;
    throw tagTaken(plan, created.status === "taken" ? created.digest : descriptor.digest);
  }
  // From the commit point on an interrupt no longer stops anything: finishing is the shortest way to a clean end.
  if (created.status === "created" || plan.action === "rollback")
    commit.written.push({ tag: plan.tag, digest: descriptor.digest });
  const rest = commit.attempted ? { signal: AbortSignal.timeout(FINISHING_MS) } : options;
  commit.attempted = true;
  const tagged = context.store.now();
  const byTag = plan.commitPoint === "environment-tag";
  if (byTag) await summarize(rest);
  // It was looked at right before the commit, and while the lease lasts nobody else may move it.
  const leased = (leftMs: number): boolean => context.store.now().getTime() + leftMs < leaseEnds;
  const { status } = await context.store.moveTag(latest, input, {
    ...rest,
    expect: plan.before,
    exclusive: byTag && plan.resumes === null && leased(LEASE_LEFT_MS),
  });
  const committed = byTag ? tagged : context.store.now();
  if (!byTag) await summarize({ signal: AbortSignal.timeout(FINISHING_MS) });
  const tags = [
    { tag: plan.tag, digest: descriptor.digest },
    { tag: latest, digest: descriptor.digest },
  ];
  const resolvedBy = plan.resumes === null ? ("owner" as const) : ("resume" as const);
  const draft = outcomeDraft(plan, intent, {
    result: "succeeded",
    record,
    tags,
    committedAt: committed,
    policy: record.policy?.digest,
    resolvedBy,
    secondaries: context.manifest.secondaries,
    ...(plan.gates.length === 0
      ? {}
      : { gateMs: Object.fromEntries(plan.gates.map((gate) => [gate.gate, gate.duration_ms])) }),
    unmetGates: unmetGates(record.gates),
  });
  const committedAt = await appendSuccess(plan, place.seq, ledger, draft, {
    signal: AbortSignal.timeout(FINISHING_MS),
    // A tag that is there already, or a lease that is over, says that somebody may have finished this: then the ledger is
    // read anew.
    ...(status === "moved" && leased(0) ? { from: view } : {}),
  });
  return {
    kind: "done",
    plan: { ...plan, gates: record.gates },
    operation: plan.operation,
    record: { digest: record.digest, tag: record.tag },
    tags,
    committedAt,
    resumed: plan.resumes !== null,
    warnings: plan.warnings,
  };
}

function summaryOf(
  plan: OperationPlan,
  record: WrittenRecord,
  context: Pick<FloeContext, "manifest">,
): DueSummary {
  const artifact = plan.artifact.manifest.descriptor;
  return {
    operation: plan.operation,
    environment: plan.target.name,
    digest: artifact.digest,
    artifact,
    policyDigest: plan.policyDigest,
    record: { digest: record.digest, bundle: record.bundle },
    recordManifest: record.manifest,
    policy: record.policy,
    signatureVerified: record.signatureVerified,
    signers: summarySigners(
      plan.target,
      context.manifest,
      plan.operator ? [plan.operator.actor] : [],
    ),
    first: plan.resumes === null,
  };
}

// With these the ledger itself is not as it should be: writing another event would not help.
const UNCHANGED = ["FLOE_LEDGER_EVENT_INVALID", "FLOE_LEDGER_DRIFT"];

// After an error: an operation that is committed is left for the next run to finish, one that is not is closed, and
// where that cannot be told the intent stays open, because a wrong outcome could never be taken back.
async function settle(
  plan: OperationPlan,
  claimed: Owned,
  ledger: Ledger,
  context: FloeContext,
  commit: Commit,
  cause: unknown,
): Promise<void> {
  if (isFloeError(cause) && UNCHANGED.includes(cause.code)) return;
  let committed: boolean | null = false;
  if (commit.attempted) {
    const options = { signal: AbortSignal.timeout(CLOSING_MS) };
    committed = await isCommitted(plan.operation, claimed.intent.body, context, options).catch(
      () => null,
    );
  }
  if (committed === true) {
    const { action, operation, artifact, target } = plan;
    throw afterCommit(
      { action, operation, version: artifact.version, environment: target.name },
      cause,
    );
  }
  if (committed === false) {
    const left = { result: "aborted" as const, reason: messageOf(cause), tags: commit.written };
    await close(plan, claimed, ledger, context, left);
  }
}

/** An open intent that is ours to finish as long as nobody has taken it over. */
interface Owned {
  readonly intent: IntentOf;
  /** Slot of our event that holds the lease: the intent, or the one by which we took it over. */
  readonly ownerSeq: number;
}

interface Claimed extends Owned {
  readonly kind: "claimed";
  readonly place: LedgerPlace;
  readonly leaseEnds: number;
  /** The ledger as it was read after the claim was acknowledged. */
  readonly view: LedgerView;
}

async function claim(
  plan: OperationPlan,
  ledger: Ledger,
  context: FloeContext,
  { planned, ...options }: CallOptions & { readonly planned?: Planned },
): Promise<Claimed | { readonly kind: "stale"; readonly why: string }> {
  let why = "";
  try {
    await ledger.begin({ ...options, traceId: plan.traceId });
    if (plan.resumes !== null) {
      const opened = await ledger.view(options);
      const left = opened?.state.open_intents.find(
        (candidate) => candidate.operation === plan.resumes,
      );
      const original = left && (await findIntent(ledger, left.seq, left.operation, options));
      if (!left || !original)
        return { kind: "stale", why: "the interrupted operation was finished by somebody else" };
      // Whoever has taken it over since it was found is not known to be gone.
      if (left.owner_seq !== plan.resumesFrom)
        return { kind: "stale", why: "somebody else finishes the interrupted operation" };
      const open = {
        operation: plan.operation,
        event: original,
        body: original.body,
        ownerSeq: left.owner_seq,
      };
      const judge = (view: LedgerView): string | null => changedSince(plan, view);
      const taken = await takeOver(open, plan, ledger, context, options, judge);
      if (!taken.taken) return { kind: "stale", why: taken.why };
      const place = { chain: original.event.chain, seq: original.event.seq, hash: original.hash };
      return {
        kind: "claimed",
        intent: { hash: original.hash, actor: original.event.actor, body: original.body },
        ownerSeq: taken.event.event.seq,
        place,
        leaseEnds: leaseEnd(taken.event),
        view: taken.view,
      };
    }
    const age = planned ? context.clock.now().getTime() - planned.at : YOUNG_MS;
    const young = planned && age >= 0 && age < YOUNG_MS ? planned.view : null;
    const pinned = await pinFirst(plan, young, ledger, context, options);
    const body = intentDraft(plan, context);
    const appended = await ledger.append(
      (view) => {
        if (view.state.open_intents.length > 0) {
          why = "another operation is under way";
          return null;
        }
        why = changedSince(plan, view) ?? "";
        return why === "" ? body : null;
      },
      { ...options, ...(young && !pinned ? { from: young } : {}) },
    );
    if (!appended) return { kind: "stale", why };
    const place = { chain: appended.event.chain, seq: appended.event.seq, hash: appended.hash };
    const intent = { hash: appended.hash, actor: appended.event.actor, body: body.body };
    const owned = { intent, ownerSeq: appended.event.seq };
    const held = await holdSlot(ledger, appended, context, options).catch(async (cause) => {
      const reason = messageOf(cause);
      await close(plan, owned, ledger, context, { result: "withdrawn", reason });
      throw cause;
    });
    if (!held.held) {
      await close(plan, owned, ledger, context, { result: "withdrawn", reason: held.why });
      return { kind: "stale", why: held.why };
    }
    return { kind: "claimed", ...owned, place, leaseEnds: leaseEnd(appended), view: held.view };
  } catch (cause) {
    throw notAppended("intent", plan.target.name, cause, options);
  }
}

// The first promotion of an environment that pins its policy pins it: what it was made under is what others may rely on.
async function pinFirst(
  plan: OperationPlan,
  young: LedgerView | null,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<boolean> {
  if (plan.action !== "promote" || !plan.target.authorization?.pinPolicy) return false;
  const view = young?.state.policy ? young : await ledger.view(options);
  if (!view || view.state.policy) return false;
  const { traceId, claimedOperator } = plan;
  const reason = `first promotion (${plan.artifact.version})`;
  await pinPolicy(ledger, null, { reason, traceId, claimedOperator }, context, options);
  return true;
}

function leaseEnd(event: AppendedEvent): number {
  return new Date(event.event.at).getTime() + LEASE_SECONDS * 1000;
}

async function findIntent(ledger: Ledger, seq: number, operation: string, options: CallOptions) {
  for await (const stored of ledger.read(seq, seq, options)) {
    const { event, authorized } = stored;
    if (event.kind === "intent" && event.operation === operation && authorized)
      return { ...stored, event, body: event.body };
  }
  return null;
}

async function appendSuccess(
  plan: OperationPlan,
  intentSeq: number,
  ledger: Ledger,
  draft: EventDraft<"outcome">,
  options: CallOptions & { readonly from?: LedgerView },
): Promise<string> {
  const isOpen = (view: LedgerView): boolean =>
    view.state.open_intents.some((open) => open.operation === plan.operation);
  const appended = await ledger.append((view) => (isOpen(view) ? draft : null), options);
  if (appended?.event.kind === "outcome")
    return appended.event.body.committed_at ?? appended.event.at;
  // Somebody else has finished it in between: the outcome is there, and it is one. It has to say the same.
  for await (const { event, authorized } of ledger.read(intentSeq, undefined, options)) {
    if (!authorized || event.kind !== "outcome" || event.operation !== plan.operation) continue;
    if (event.body.result === "succeeded") return event.body.committed_at ?? event.at;
    throw new FloeError({
      code: "FLOE_LEDGER_DRIFT",
      message: `${plan.artifact.version} is in ${plan.target.name}, but somebody closed the ${plan.action} as ${event.body.result} meanwhile: this run was slower than its lease`,
      hint: `Run the command again with --force to have the ledger of ${plan.target.name} say what its tags hold, or roll back.`,
    });
  }
  throw new Error(`operation ${plan.operation} is neither open nor closed`);
}

// Closing has a time limit of its own: after an interrupt the caller's signal is aborted already. Where it fails, the
// open intent stays, and the next run or reconcile closes it. What somebody else has taken over is theirs to close.
async function close(
  plan: OperationPlan,
  { intent, ownerSeq }: Owned,
  ledger: Ledger,
  context: FloeContext,
  ending: {
    readonly result: "aborted" | "withdrawn";
    readonly reason: string;
    readonly tags?: readonly TagAt[];
  },
): Promise<void> {
  const draft = outcomeDraft(plan, intent, {
    tags: [],
    ...ending,
    record: null,
    resolvedBy: "owner",
  });
  try {
    await ledger.append((view) => (isOurs(view, plan.operation, ownerSeq) ? draft : null), {
      signal: AbortSignal.timeout(CLOSING_MS),
    });
  } catch (cause) {
    context.logger.warn(
      `the ${plan.action} is not closed in the ledger yet (${messageOf(cause)}); the next run closes it`,
    );
  }
}

function tagTaken(plan: OperationPlan, digest: string): FloeError {
  return new FloeError({
    code: "FLOE_TARGET_TAG_EXISTS",
    message: `${plan.tag} appeared meanwhile and holds ${digest}`,
    hint: "Somebody wrote the environment tag without floe. It never moves; publish under a new version.",
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
