import { type KnownFacts, keepingKnown } from "../errors/index.ts";
import { findGate } from "../gates/find-gate.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import { otherPin } from "../ledger/pinned-policy.ts";
import type { Moment } from "../ledger/tag-lists.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { applyTraced } from "./apply-traced.ts";
import { bringOver, measureCopy } from "./bring-over.ts";
import { deniedReason } from "./checks/check-approvals.ts";
import { unsupportedReasons } from "./checks/check-unsupported.ts";
import { at, type FloeContext } from "./context.ts";
import { judgeTransition } from "./environments.ts";
import { findArtifact } from "./find-artifact.ts";
import { finishedBefore } from "./finished-before.ts";
import { type Ledgers, unknownPlaces } from "./ledgers.ts";
import { type OpenIntent, openIntents } from "./open-intent.ts";
import type { OperationOutcome, OperationPlan } from "./operation.ts";
import { judgeOperator } from "./operator.ts";
import { checkOverrideRequest, type OverrideRequest } from "./override-lane.ts";
import { planPromotion } from "./plan-promotion.ts";
import { predictRecovery } from "./predict-recovery.ts";
import { readTogether } from "./read-together.ts";
import { reason } from "./reason.ts";
import { recordRefusal, refusedPlan } from "./record-refusal.ts";
import { recover } from "./recover.ts";
import { parseVersionArgument, type ResolvedArtifact } from "./resolve-artifact.ts";
import { planOutdated, type SavedPlan } from "./saved-plan.ts";
import { canResume } from "./standing.ts";

/** What a promotion is asked for. */
export interface PromoteRequest {
  /** `v1.2.3`, or `v1.2.3@sha256:…` where the tag must be at that digest. */
  readonly version: string;
  readonly to: string;
  /** Default: the environment before `to`. */
  readonly from?: string | undefined;
  readonly dryRun?: boolean;
  /** Skips only "the environment tag exists", for the same digest. */
  readonly force?: boolean;
  /** Succeeds without a change when this very digest is what runs there. */
  readonly ifNeeded?: boolean;
  /** Secondary registries that cannot be brought up to date give exit code 19; the promotion is done all the same. */
  readonly strictSync?: boolean;
  /** How long to wait for somebody else's open operation. Default 0: refuse at once. */
  readonly waitMs?: number;
  /** A saved plan: what is planned now must equal it, or the promotion is refused as out of date. */
  readonly plan?: SavedPlan | undefined;
  /** Gates that run although there is evidence that would do. Default: none. */
  readonly rerun?: "all" | readonly string[] | undefined;
  /** A label for the record; proves and grants nothing. */
  readonly claimedOperator?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Refusals to let pass, by whom the environment's `overrides` allows that. */
  readonly override?: OverrideRequest | undefined;
}

/** How many times a plan is made again because somebody changed the environment meanwhile. */
const PLAN_ATTEMPTS = 5;

/**
 * Promotes a version: plan, then apply unless the plan is blocked or this is a dry run.
 * @throws {FloeError} FLOE_TAG_INVALID, FLOE_DIGEST_INVALID - before anything is asked of a registry
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND, FLOE_GATE_NOT_FOUND - with near names
 */
export async function promote(
  request: PromoteRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OperationOutcome> {
  return await keepingKnown((known) => attempts(request, context, ledgers, known, options));
}

async function attempts(
  request: PromoteRequest,
  given: FloeContext,
  ledgers: Ledgers,
  known: (facts: KnownFacts) => void,
  options: CallOptions,
): Promise<OperationOutcome> {
  const wanted = parseVersionArgument(request.version, given.manifest);
  const traceId = traceIdOf(given);
  known({ artifact_tag: wanted.version, target_environment: request.to, trace_id: traceId });
  const dryRun = request.dryRun === true;
  const transition = judgeTransition(given.manifest, request.to, request.from);
  const { target } = transition;
  if (!target) {
    return {
      kind: "blocked",
      plan: null,
      blocking: transition.problem ? [transition.problem] : [],
      dryRun,
    };
  }
  const rerun = request.rerun ?? [];
  if (rerun !== "all") for (const name of rerun) findGate(target, name);
  const context = at(given, target);
  if (unknownPlaces(context.manifest, target).length > 0) {
    const blocking = unsupportedReasons(context.manifest, target);
    return { kind: "blocked", plan: null, blocking, dryRun };
  }
  const override = checkOverrideRequest(request.override, target);
  const ledger = ledgers.of(target);
  const look = (): Look => ({ since: ledgers.moment(), at: context.clock.now().getTime() });
  let looked = look();
  const [{ artifact, from }, firstView] = await readTogether(
    findArtifact(wanted, transition.source, given, options).then((found) => {
      known({ artifact_digest: found.artifact.manifest.descriptor.digest });
      return found;
    }),
    ledger.view({ ...options, since: looked.since }),
  );
  let seen: { readonly view: LedgerView | null } | null = { view: firstView };
  const waitUntil = context.clock.now().getTime() + (request.waitMs ?? 0);
  let denials: ReadonlySet<number> | null = null;
  for (let attempt = 1; ; attempt++) {
    if (!seen) looked = look();
    const view = seen ? seen.view : await ledger.view({ ...options, since: looked.since });
    seen = null;
    const open = view ? await openIntents(ledger, view, context, options) : [];
    if (
      open.some((intent) => intent.state === "live") &&
      context.clock.now().getTime() < waitUntil
    ) {
      await context.clock.sleep(250, options);
      attempt = 0;
      continue;
    }
    const input = {
      artifact,
      from,
      source: transition.source,
      target,
      transition: transition.problem,
      view,
      since: looked.since,
      open,
      operation: uuidV7(context.store.now(), context.host.randomBytes(10)),
      traceId,
      dryRun,
      force: request.force === true,
      claimedOperator: request.claimedOperator,
      override,
      rerun,
      annotations: request.annotations ?? {},
    };
    const finished = await finishAbandoned(
      { ...input, artifact, target, view, open },
      context,
      ledgers,
      options,
    );
    if (finished === "again" && attempt < PLAN_ATTEMPTS) continue;
    if (finished && finished !== "again") return finished;
    const planned = dryRun ? { ...input, view: predictRecovery(view, open) } : input;
    const evaluated = await planPromotion(planned, context, ledgers, options);
    const outdated = request.plan ? planOutdated(request.plan, evaluated) : [];
    const plan = { ...evaluated, blocking: [...outdated, ...evaluated.blocking] };
    known(knownOf(plan));
    if (request.ifNeeded === true && isUnchanged(plan, view))
      return { kind: "unchanged", plan, dryRun };
    if (plan.blocking.length > 0) {
      if (!dryRun) await recordRefusal(refusedPlan(plan), ledger, context, options);
      return { kind: "blocked", plan, blocking: plan.blocking, dryRun };
    }
    const way = { ...context, from };
    if (dryRun)
      return {
        kind: "would_succeed",
        plan: { ...plan, copy: await measureCopy(plan, way, options) },
      };
    denials ??= new Set<number>(plan.approvals.denials.map(({ seq }) => seq));
    const late = plan.approvals.denials.find(({ seq }) => denials?.has(seq) === false);
    if (late) {
      // An override lets pass what its user could know of, not a denial that came since.
      const refused = { ...plan, blocking: [deniedReason(artifact.version, target.name, late)] };
      await recordRefusal(refusedPlan(refused), ledger, context, options);
      return { kind: "blocked", plan: refused, blocking: refused.blocking, dryRun };
    }
    if (!plan.operator) throw new Error("a plan without an operator must be blocked");
    const copy = await bringOver(plan, way, options);
    const ready = copy ? { ...plan, copy, warnings: [...plan.warnings, ...copy.warnings] } : plan;
    const applied = await applyTraced(ready, plan.operator, ledger, context, {
      ...options,
      ...(view ? { planned: { view, at: looked.at } } : {}),
    });
    if (applied.kind === "done") return applied;
    context.logger.info(`planning again: ${applied.why}`);
    const waiting = context.clock.now().getTime() < waitUntil;
    if (attempt >= PLAN_ATTEMPTS && !waiting) {
      const busy = reason(
        "FLOE_PROMOTION_BUSY",
        `${target.name} keeps changing: ${applied.why}`,
        "Run the command again.",
      );
      return { kind: "blocked", plan, blocking: [busy], dryRun };
    }
    await context.clock.sleep(waiting ? 100 : 10, options);
  }
}

function knownOf(plan: OperationPlan): KnownFacts {
  return {
    promotion_id: plan.operation,
    source_environment: plan.source,
    gate_results: plan.gates,
  };
}

/** When a plan began to be made: by the lists of tags, and by the clock in milliseconds. */
interface Look {
  readonly since: Moment;
  readonly at: number;
}

interface Situation {
  readonly artifact: ResolvedArtifact;
  readonly from: ArtifactStore;
  readonly target: EnvironmentConfig;
  readonly view: LedgerView | null;
  readonly since: Moment;
  readonly open: readonly OpenIntent[];
  readonly source: string;
  readonly traceId: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly claimedOperator: string | undefined;
  readonly override: OverrideRequest | null;
  readonly annotations: Readonly<Record<string, string>>;
}

// What an interrupted run left is finished first: rolled forward, or closed when it is not what is asked for now. A dry
// run reads the same and writes nothing, so it reports a committed one of the same digest as done.
async function finishAbandoned(
  input: Situation,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OperationOutcome | "again" | null> {
  const ledger = ledgers.of(input.target);
  const digest = input.artifact.manifest.descriptor.digest;
  for (const open of input.open) {
    if (open.state !== "abandoned") continue;
    const { body } = open;
    const sameWish =
      body.action === "promote" &&
      body.digest === digest &&
      body.version === input.artifact.version;
    if (!open.committed && sameWish && (await canResume(input, context, ledgers, options)))
      continue;
    const { problem } = judgeOperator(input.target, context, input.claimedOperator);
    if (problem || otherPin(input.target, input.view)) continue;
    if (input.dryRun)
      return open.committed && sameWish ? await finishedBefore(open, null, input, context) : null;
    const resolvedBy = sameWish ? ("resume" as const) : ("reconcile" as const);
    const recovered = await recover(
      open,
      ledger,
      context,
      { traceId: input.traceId, resolvedBy },
      options,
    );
    if (sameWish && recovered?.result === "succeeded")
      return await finishedBefore(open, recovered, input, context);
    return "again";
  }
  return null;
}

// What is current already needs nothing, whatever else would stand in the way of changing it.
function isUnchanged(plan: OperationPlan, view: LedgerView | null): boolean {
  const digest = plan.artifact.manifest.descriptor.digest;
  return (
    plan.before === digest &&
    view?.state.current?.digest === digest &&
    view.state.open_intents.length === 0
  );
}
