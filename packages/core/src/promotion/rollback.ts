import type { LedgerView } from "../ledger/ledger.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { digestOf } from "../model/digest.ts";
import { environmentTag, latestTag, rollbackTag } from "../model/tag.ts";
import { randomTraceId } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { applyOperation } from "./apply-operation.ts";
import type { FloeContext } from "./context.ts";
import { authorityDigest, findEnvironment, policyDigest } from "./environments.ts";
import { findReturn, type Return } from "./find-return.ts";
import { analyseImpact } from "./impact.ts";
import type { Ledgers } from "./ledgers.ts";
import { type OpenIntent, openIntents } from "./open-intent.ts";
import type { OperationOutcome, OperationPlan } from "./operation.ts";
import { judgeOperator } from "./operator.ts";
import {
  busyReason,
  lockReason,
  observe,
  signatureReason,
  unsupportedReasons,
} from "./plan-promotion.ts";
import { type Reason, reason } from "./reason.ts";
import { recordRefusal } from "./record-refusal.ts";
import { recover } from "./recover.ts";
import { requireReason } from "./require-reason.ts";
import { parseVersionArgument, resolveArtifact } from "./resolve-artifact.ts";

/** What a rollback is asked for. */
export interface RollbackRequest {
  readonly environment: string;
  /** The version to return to; default the one before the current. */
  readonly version?: string | undefined;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly claimedOperator?: string | undefined;
}

const PLAN_ATTEMPTS = 5;

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
  const target = findEnvironment(context.manifest, request.environment);
  const given = { ...request, reason: requireReason("rollback", request.reason) };
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, context.manifest);
  const traceId = randomTraceId(context.host);
  const dryRun = request.dryRun === true;
  const ledger = ledgers.of(target);
  for (let attempt = 1; ; attempt++) {
    const view = await ledger.view(options);
    const open = view ? await openIntents(ledger, view, context, options) : [];
    const left = open.find((intent) => intent.state === "abandoned");
    if (
      left &&
      !dryRun &&
      attempt < PLAN_ATTEMPTS &&
      !judgeOperator(target, context, undefined).problem
    ) {
      const wish =
        left.body.action === "rollback" &&
        (wanted === null || wanted.version === left.body.version);
      const recovered = await recover(
        left,
        ledger,
        context,
        { traceId, resolvedBy: wish ? "resume" : "reconcile" },
        options,
      );
      if (!wish || recovered.result === "aborted") continue;
      const plan = await planRollback(
        { request: given, view, open: [], back: returnOf(left), traceId },
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
    const back = await findReturn(ledger, view, wanted, context, options);
    if (back.kind === "none")
      return { kind: "blocked", plan: null, blocking: [back.reason], dryRun };
    const plan = await planRollback(
      { request: given, view, open, back: back.return, traceId },
      context,
      options,
    );
    if (plan.blocking.length > 0) {
      if (!dryRun) await recordRefusal(plan, ledger, context, options);
      return { kind: "blocked", plan, blocking: plan.blocking, dryRun };
    }
    if (dryRun) return { kind: "would_succeed", plan };
    if (!plan.operator) throw new Error("a plan without an operator must be blocked");
    const applied = await applyOperation(plan, plan.operator, ledger, context, options);
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

// The intent of an interrupted rollback says where it was going.
function returnOf(open: OpenIntent): Return {
  const { body } = open;
  const from = body.rollback?.from ?? { version: body.version, digest: body.digest };
  return {
    version: body.version,
    digest: body.digest,
    previousSeq: body.rollback?.previous_seq ?? null,
    from,
  };
}

async function planRollback(
  input: {
    readonly request: RollbackRequest;
    readonly view: LedgerView | null;
    readonly open: readonly OpenIntent[];
    readonly back: Return;
    readonly traceId: string;
  },
  context: FloeContext,
  options: CallOptions,
): Promise<OperationPlan> {
  const { request, view, back } = input;
  const target = findEnvironment(context.manifest, request.environment);
  const { store } = context;
  const artifact = await resolveArtifact(
    store,
    context.manifest,
    { version: back.version, digest: null },
    options,
  );
  const { digest } = artifact.manifest.descriptor;
  const blocking: Reason[] = [...unsupportedReasons(context.manifest, target)];
  const stands = await store.resolve(environmentTag(back.version, target.name), options);
  if (digest !== back.digest || stands?.digest !== back.digest) {
    blocking.push(
      reason(
        "FLOE_LEDGER_DRIFT",
        `${back.version} was ${back.digest} when it ran in ${target.name}; its tags now hold ${digest} and ${stands?.digest ?? "nothing"}`,
        "Immutable tags were moved without floe. Find out who before anything runs from them.",
      ),
    );
  }
  const lock = view?.state.lock;
  if (lock) blocking.push(lockReason(target.name, lock));
  const judged = judgeOperator(target, context, request.claimedOperator);
  if (judged.problem) blocking.push(judged.problem);
  const signature = await context.artifactVerifier.verifyArtifact(
    store,
    artifact.manifest,
    target.verification,
    options,
  );
  const warnings = [...signature.warnings];
  const unsigned = signatureReason(artifact, target, signature);
  if (unsigned && target.verification.enforcement === "enforce") blocking.push(unsigned);
  else if (unsigned)
    warnings.push(`signature of ${back.version} not accepted: ${unsigned.message}`);
  const live = input.open.find((open) => open.state === "live");
  if (live) blocking.push(busyReason(target.name, live));
  const current = await store.getManifest(back.from.digest, options);
  const impact = current
    ? await analyseImpact(store, current, artifact.manifest, options)
    : {
        breaking_changes: [],
        affected_products: [],
        recommendations: [
          `${back.from.digest} is gone from the registry, so nothing could be compared.`,
        ],
        risk: "RISKY" as const,
      };
  if (impact.risk !== "SAFE")
    warnings.push(
      `impact of the rollback: ${impact.risk}; ${[...impact.breaking_changes, ...impact.recommendations].join("; ")}`,
    );
  const count = (view?.state.rollbacks[back.version] ?? 0) + 1;
  const before = (await store.resolve(latestTag(target.name), options))?.digest ?? null;
  const policy = policyDigest(target);
  const was = view?.state.current ?? null;
  return {
    action: "rollback",
    operation: uuidV7(store.now(), context.host.randomBytes(10)),
    traceId: input.traceId,
    artifact,
    source: target.name,
    target,
    tag: rollbackTag(back.version, target.name, count),
    commitPoint: "latest-tag",
    before,
    previous: was ? { version: was.version, digest: was.digest, record: was.record } : null,
    observed: observe(view),
    operator: judged.operator,
    claimedOperator: request.claimedOperator,
    signature,
    gates: [],
    notRun: [],
    blocking,
    warnings,
    annotations: {},
    policyDigest: policy,
    authorityDigest: authorityDigest(target),
    manifestDigest: context.manifest.digest,
    planDigest: digestOf(
      canonicalJson({
        action: "rollback",
        digest,
        path: [target.name],
        policy_digest: policy,
        current: before,
        gates: [],
        approvals: [],
      }),
    ),
    resumes: null,
    rollback: {
      from: back.from,
      previousSeq: back.previousSeq,
      count,
      reason: request.reason,
      impact,
    },
  };
}
