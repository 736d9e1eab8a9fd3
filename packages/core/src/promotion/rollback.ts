import { type KnownFacts, keepingKnown } from "../errors/index.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { environmentTag, latestTag, NO_SOURCE, rollbackTag } from "../model/tag.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { analyseReturn } from "./analyse-return.ts";
import { applyTraced } from "./apply-traced.ts";
import { NO_APPROVALS } from "./approvals/judge-approvals.ts";
import { assertLatestNotCut } from "./assert-not-cut.ts";
import { busyReasons } from "./checks/check-busy.ts";
import { lockReason } from "./checks/check-lock.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { judgeSignature } from "./checks/check-signature.ts";
import { unsupportedReasons } from "./checks/check-unsupported.ts";
import { at, type FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { unmetIn } from "./drafts.ts";
import { findEnvironment, hasOwnRepository } from "./environments.ts";
import { findReturn, type Return } from "./find-return.ts";
import { freezeReasons, freezeWarnings, readFreezes } from "./freezes.ts";
import { type Ledgers, unknownPlaces } from "./ledgers.ts";
import { observe } from "./observe.ts";
import { isOwnIntent, type OpenIntent, openIntents } from "./open-intent.ts";
import type { OperationOutcome, OperationPlan } from "./operation.ts";
import { judgeOperator } from "./operator.ts";
import { checkOverrideRequest, createOverrideLane, type OverrideRequest } from "./override-lane.ts";
import { planDigestOf } from "./plan-basis.ts";
import { predictRecovery } from "./predict-recovery.ts";
import { type Reason, reason } from "./reason.ts";
import { recordRefusal, refusedPlan } from "./record-refusal.ts";
import { recover } from "./recover.ts";
import { requireReason } from "./require-reason.ts";
import { parseVersionArgument, readArtifact } from "./resolve-artifact.ts";
import { asksForSame } from "./standing.ts";

/** What a rollback is asked for. */
export interface RollbackRequest {
  readonly environment: string;
  /** The version to return to; default the one before the current. */
  readonly version?: string | undefined;
  readonly reason: string;
  readonly dryRun?: boolean;
  /** As in a promotion. */
  readonly strictSync?: boolean;
  readonly claimedOperator?: string | undefined;
  /** Kinds of refusals to let pass, by whom the environment's `overrides` allows that; `reason` is why. */
  readonly override?: readonly string[] | undefined;
}

const PLAN_ATTEMPTS = 5;

/** How many rollback tags that somebody else wrote are passed over. */
const MAX_PASSED_TAGS = 20;

/**
 * Returns `latest-ENV` to a version that was there before. Gates never stand in the way; the lock, authorization and
 * signature policy do. Nothing is deleted, and the version that is left is held.
 */
export async function rollback(
  request: RollbackRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OperationOutcome> {
  return await keepingKnown((known) => attempts(request, context, ledgers, known, options));
}

async function attempts(
  request: RollbackRequest,
  given: FloeContext,
  ledgers: Ledgers,
  known: (facts: KnownFacts) => void,
  options: CallOptions,
): Promise<OperationOutcome> {
  const target = findEnvironment(given.manifest, request.environment);
  const context = at(given, target);
  const asked = { ...request, reason: requireReason("rollback", request.reason) };
  const kinds = request.override ?? [];
  const override = checkOverrideRequest({ kinds, reason: asked.reason }, target);
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, context.manifest);
  const traceId = traceIdOf(context);
  known({ environment: target.name, reason: asked.reason, trace_id: traceId });
  const dryRun = request.dryRun === true;
  if (unknownPlaces(context.manifest, target).length > 0) {
    const blocking = unsupportedReasons(context.manifest, target);
    return { kind: "blocked", plan: null, blocking, dryRun };
  }
  const ledger = ledgers.of(target);
  for (let attempt = 1; ; attempt++) {
    const read = await ledger.view(options);
    const open = read ? await openIntents(ledger, read, context, options) : [];
    const view = dryRun ? predictRecovery(read, open) : read;
    const left = open.find((intent) => intent.state === "abandoned");
    const resumed =
      left && !dryRun
        ? await planResumed(
            left,
            { request: asked, override, view, open, traceId },
            ledger,
            context,
            options,
          )
        : null;
    if (
      left &&
      !resumed &&
      !dryRun &&
      attempt < PLAN_ATTEMPTS &&
      !judgeOperator(target, context, undefined).problem
    ) {
      const wish = isSameWish(left, wanted);
      const recovered = await recover(
        left,
        ledger,
        context,
        { traceId, resolvedBy: wish ? "resume" : "reconcile" },
        options,
      );
      if (!wish || recovered?.result !== "succeeded") continue;
      const plan = await planRollback(
        { request: asked, override, view, open: [], back: returnOf(left), traceId },
        context,
        options,
      );
      if (recovered.record) {
        return {
          kind: "done",
          plan: { ...plan, operation: left.operation, tag: left.body.tag },
          operation: left.operation,
          record: { digest: recovered.record.digest, tag: `floe-rec.${left.operation}` },
          tags: recovered.tags,
          committedAt: recovered.at,
          resumed: true,
          warnings: [
            "an interrupted run had committed this rollback; what was left of it is finished",
          ],
        };
      }
      continue;
    }
    if (dryRun && left?.committed && isSameWish(left, wanted)) {
      const back = returnOf(left);
      const unfinished = { request: asked, override, view: read, open, back, traceId };
      const plan = await planRollback(unfinished, context, options);
      const kind = plan.blocking.length > 0 ? ("blocked" as const) : ("would_succeed" as const);
      return { kind, plan, blocking: plan.blocking, dryRun };
    }
    if (open.length === 0) await assertLatestNotCut(ledger, read, context, options);
    const back = await findReturn(ledger, view, wanted, context, options);
    if (back.kind === "none") {
      const blocking = [...unsupportedReasons(context.manifest, target), back.reason];
      const { operator } = judgeOperator(target, context, request.claimedOperator);
      const refused = {
        action: "rollback" as const,
        operation: uuidV7(context.store.now(), context.host.randomBytes(10)),
        traceId,
        version: wanted?.version ?? view?.state.current?.version ?? NO_SOURCE,
        artifact: null,
        source: target.name,
        target,
        operator,
        claimedOperator: request.claimedOperator,
        blocking,
        gates: [],
      };
      if (!dryRun && view) await recordRefusal(refused, ledger, context, options);
      return { kind: "blocked", plan: null, blocking, dryRun };
    }
    const plan =
      resumed ??
      (await planRollback(
        { request: asked, override, view, open, back: back.return, traceId },
        context,
        options,
      ));
    known({
      rollback_id: plan.operation,
      artifact_digest: plan.artifact.manifest.descriptor.digest,
      artifact_tag: plan.artifact.version,
    });
    if (plan.blocking.length > 0) {
      if (!dryRun) await recordRefusal(refusedPlan(plan), ledger, context, options);
      return { kind: "blocked", plan, blocking: plan.blocking, dryRun };
    }
    if (dryRun) return { kind: "would_succeed", plan };
    if (!plan.operator) throw new Error("a plan without an operator must be blocked");
    const applied = await applyTraced(plan, plan.operator, ledger, context, options);
    if (applied.kind === "done") return applied;
    context.logger.info(`planning again: ${applied.why}`);
    if (attempt >= PLAN_ATTEMPTS) {
      return {
        kind: "blocked",
        plan,
        blocking: [
          reason(
            "FLOE_PROMOTION_BUSY",
            `${target.name} keeps changing: ${applied.why}`,
            "Run the command again.",
          ),
        ],
        dryRun,
      };
    }
    await context.clock.sleep(10, options);
  }
}

function isSameWish({ body }: OpenIntent, wanted: { readonly version: string } | null): boolean {
  return body.action === "rollback" && (wanted === null || wanted.version === body.version);
}

// The same rollback, interrupted before its commit point: a second run takes it over, so that there is one intent, one
// record and one outcome in the end.
async function planResumed(
  left: OpenIntent,
  input: Omit<Parameters<typeof planRollback>[0], "back">,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<OperationPlan | null> {
  const { body } = left;
  const { request, view, open } = input;
  if (left.committed || open.length !== 1 || !isOwnIntent(left, context) || !body.rollback)
    return null;
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, context.manifest);
  const back = await findReturn(ledger, view, wanted, context, options);
  if (back.kind === "none") return null;
  const plan = await planRollback({ ...input, back: back.return }, context, options);
  const { from, count, reason: why, previousSeq, unmetGates = [] } = plan.rollback ?? {};
  const same =
    body.tag === plan.tag &&
    body.digest === plan.artifact.manifest.descriptor.digest &&
    body.before === plan.before &&
    body.policy_digest === plan.policyDigest &&
    body.authority_digest === plan.authorityDigest &&
    asksForSame(body, input.override) &&
    canonicalJson(body.rollback) ===
      canonicalJson({
        ...{ from, previous_seq: previousSeq, count, reason: why },
        ...unmetIn(unmetGates),
      });
  const { operation, ownerSeq } = left;
  return same ? { ...plan, operation, resumes: operation, resumesFrom: ownerSeq } : null;
}

// The intent of an interrupted rollback says where it was going.
function returnOf(open: OpenIntent): Return {
  const { body } = open;
  const from = body.rollback?.from ?? { version: body.version, digest: body.digest };
  return {
    version: body.version,
    digest: body.digest,
    previousSeq: body.rollback?.previous_seq ?? null,
    unmetGates: body.rollback?.unmet_gates ?? [],
    from,
  };
}

// What somebody else has written under the next rollback tag must not keep anybody from rolling back.
async function freeTag(
  { view, back }: Pick<RollbackInput, "view" | "back">,
  environment: string,
  store: FloeContext["store"],
  options: CallOptions,
): Promise<{ readonly tag: string; readonly count: number; readonly passed: readonly string[] }> {
  const passed: string[] = [];
  for (let count = (view?.state.rollbacks[back.version] ?? 0) + 1; ; count++) {
    const tag = rollbackTag(back.version, environment, count);
    const held = (await store.resolve(tag, options))?.digest ?? back.digest;
    if (held === back.digest || passed.length >= MAX_PASSED_TAGS) return { tag, count, passed };
    passed.push(tag);
  }
}

interface RollbackInput {
  readonly request: RollbackRequest;
  readonly override: OverrideRequest | null;
  readonly view: LedgerView | null;
  readonly open: readonly OpenIntent[];
  readonly back: Return;
  readonly traceId: string;
}

async function planRollback(
  input: RollbackInput,
  context: FloeContext,
  options: CallOptions,
): Promise<OperationPlan> {
  const { request, view, back } = input;
  const target = findEnvironment(context.manifest, request.environment);
  const { store } = context;
  const artifact = await readArtifact(store, back, options);
  const { digest } = artifact.manifest.descriptor;
  const now = store.now();
  const freezes = await readFreezes(target, now);
  const refused: Reason[] = [...unsupportedReasons(context.manifest, target)];
  const named = await store.resolve(back.version, options);
  const stands = await store.resolve(environmentTag(back.version, target.name), options);
  if ((named?.digest ?? digest) !== digest || stands?.digest !== digest) {
    refused.push(
      reason(
        "FLOE_LEDGER_DRIFT",
        `${back.version} was ${digest} when it ran in ${target.name}; its tags now hold ${named?.digest ?? "nothing"} and ${stands?.digest ?? "nothing"}`,
        "Immutable tags were moved without floe. Find out who before anything runs from them.",
      ),
    );
  }
  const lock = view?.state.lock;
  if (lock) refused.push(lockReason(target.name, lock));
  refused.push(...freezeReasons(target.name, "rollback", freezes));
  refused.push(...pinReasons(target, view));
  const judged = judgeOperator(target, context, request.claimedOperator);
  if (judged.problem) refused.push(judged.problem);
  const lane = createOverrideLane(input.override, judged.operator, target, context.manifest);
  const blocking = lane.pass(refused);
  const signature = await judgeSignature(artifact, target, context, options);
  blocking.push(...signature.blocking);
  const warnings = [
    ...signature.warnings,
    ...disregarded(target.name, view).map(({ message }) => message),
    ...freezeWarnings(target.name, "rollback", freezes, now, 0),
    ...lane.warnings({ gates: true }),
  ];
  // Versions are published in the manifest's own repository; another one has them only if somebody has put them there.
  if (!named && !hasOwnRepository(target, context.manifest))
    warnings.push(
      `the tag ${back.version} is gone; ${environmentTag(back.version, target.name)} still holds it`,
    );
  blocking.push(...busyReasons(target.name, input.open));
  const impact = await analyseReturn(context, back.from.digest, artifact.manifest, options);
  if (impact.risk === "BLOCKED" && context.manifest.rollback.blockOnImpact)
    blocking.push(
      reason(
        "FLOE_ROLLBACK_IMPACT_BLOCKED",
        `returning ${target.name} to ${back.version} breaks what others need: ${[...impact.breaking_changes, ...impact.recommendations].join("; ")}`,
        "Return to another version; or set rollback.block_on_impact to false, and it is a warning.",
      ),
    );
  else if (impact.risk !== "SAFE")
    warnings.push(
      `impact of the rollback: ${impact.risk}; ${[...impact.breaking_changes, ...impact.recommendations].join("; ")}`,
    );
  const { tag, count, passed } = await freeTag(input, target.name, store, options);
  if (passed.length > 0)
    warnings.push(`${passed.join(", ")} was written without floe; ${tag} is used instead`);
  const before = (await store.resolve(latestTag(target.name), options))?.digest ?? null;
  const policy = policyDigest(target);
  const was = view?.state.current ?? null;
  const basis = {
    digest,
    path: [target.name],
    policy_digest: policy,
    current: before,
    gates: [],
    approvals: [],
  };
  return {
    action: "rollback",
    operation: uuidV7(store.now(), context.host.randomBytes(10)),
    traceId: input.traceId,
    artifact,
    source: target.name,
    target,
    tag,
    commitPoint: "latest-tag",
    before,
    previous: was ? { version: was.version, digest: was.digest, record: was.record } : null,
    observed: observe(view),
    freezes: freezes.active,
    overrides: [...lane.used],
    operator: judged.operator,
    claimedOperator: request.claimedOperator,
    signature: signature.result,
    approvals: NO_APPROVALS,
    gates: [],
    material: [],
    notRun: [],
    blocking,
    warnings,
    annotations: {},
    policyDigest: policy,
    authorityDigest: authorityDigest(target),
    manifestDigest: context.manifest.digest,
    basis,
    planDigest: planDigestOf(basis),
    estimatedGatesMs: null,
    resumes: null,
    resumesFrom: null,
    rollback: {
      from: back.from,
      previousSeq: back.previousSeq,
      unmetGates: back.unmetGates,
      count,
      reason: request.reason,
      impact,
    },
  };
}
