import { estimateGates } from "../gates/estimate-gates.ts";
import { createGateHistory } from "../gates/evidence/gate-history.ts";
import type { GateOutcome } from "../gates/run-gate.ts";
import { runGates } from "../gates/run-gates.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import type { Moment } from "../ledger/tag-lists.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import type { Digest } from "../model/digest.ts";
import { latestTag } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { FACTS, FLOE_FACTS, inSpan } from "../telemetry/index.ts";
import { approvalQuestion } from "./approvals/approval-question.ts";
import { judgeApprovals } from "./approvals/judge-approvals.ts";
import { createArtifactFacts } from "./artifact-facts.ts";
import { assertNotCut } from "./assert-not-cut.ts";
import { onlyApprovalsMissing } from "./checks/check-approvals.ts";
import { busyReasons } from "./checks/check-busy.ts";
import { judgeSignature } from "./checks/check-signature.ts";
import { PROMOTION_CHECKS } from "./checks/promotion-checks.ts";
import type { FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { freezeWarnings, readFreezes } from "./freezes.ts";
import { judgeGate } from "./judge-gate.ts";
import type { Ledgers } from "./ledgers.ts";
import { observe } from "./observe.ts";
import type { OpenIntent } from "./open-intent.ts";
import type { OperationPlan } from "./operation.ts";
import { judgeOperator } from "./operator.ts";
import { createOverrideLane, type OverrideRequest } from "./override-lane.ts";
import { planDigestOf } from "./plan-basis.ts";
import { readTogether } from "./read-together.ts";
import type { Reason } from "./reason.ts";
import { gateArtifact, inRepository, type ResolvedArtifact } from "./resolve-artifact.ts";
import { readStanding, resumable } from "./standing.ts";
import { whileOpening } from "./while-opening.ts";

/** What a promotion is planned from; everything in it was read before. */
export interface PromotionInput {
  readonly artifact: ResolvedArtifact;
  /** Where the artifact and its signatures are: the target may have another repository. */
  readonly from: ArtifactStore;
  readonly source: string;
  readonly target: EnvironmentConfig;
  /** A problem of the transition itself, found before anything was read. */
  readonly transition: Reason | null;
  readonly view: LedgerView | null;
  /** When planning began: what was listed after it need not be listed again. */
  readonly since: Moment;
  readonly open: readonly OpenIntent[];
  readonly operation: string;
  readonly traceId: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly claimedOperator: string | undefined;
  readonly override: OverrideRequest | null;
  /** Gates that run although there is evidence that would do. */
  readonly rerun: "all" | readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Evaluates a promotion: all static checks first, then the gates when none of those blocks. Writes nothing; a dry run
 * and a run make the same plan.
 */
export async function planPromotion(
  input: PromotionInput,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OperationPlan> {
  const { artifact, target } = input;
  const digest = artifact.manifest.descriptor.digest;
  const [standing, signature] = await readTogether(
    readStanding(input, context, ledgers, options),
    inSpan(context, "verify signature", { [FACTS.manifestDigest]: digest }, async (span) => {
      const judged = await judgeSignature(
        artifact,
        target,
        { ...context, store: input.from },
        options,
      );
      const { status, signerIdentity } = judged.result;
      span.add({ [FLOE_FACTS.signature]: status, "floe.signature.signer": signerIdentity });
      const [refused] = judged.blocking;
      if (refused) span.fail(refused.code, refused.message);
      return judged;
    }),
  );
  const { tag, before, commitPoint } = standing;
  const resumes = resumable(input, standing, context);
  const judged = judgeOperator(target, context, input.claimedOperator);
  const approvals = await judgeApprovals(
    approvalQuestion(digest, judged.operator?.actor ?? null, target),
    ledgers.of(target),
    input.view,
    context,
    options,
  );
  const now = context.store.now();
  const freezes = await readFreezes(target, now);
  const warnings: string[] = [];
  const warn = (warning: string): number => warnings.push(warning);
  const facts = { ...input, standing, judged, approvals, resumes: resumes !== null, freezes, warn };
  const lane = createOverrideLane(input.override, judged.operator, target, context.manifest);
  const blocking: Reason[] = [];
  for (const check of PROMOTION_CHECKS)
    blocking.push(...lane.pass(await check(facts, context, ledgers, options)));
  blocking.push(...signature.blocking);
  warnings.push(
    ...signature.warnings,
    ...disregarded(target.name, input.view).map(({ message }) => message),
    ...freezeWarnings(target.name, "promote", freezes, now, gatesLimitMs(target)),
  );
  const drift = driftWarning(target.name, before, input.view, input.open);
  if (drift) {
    await assertNotCut(ledgers.of(target), input.view, before, context, options);
    warnings.push(drift);
  }
  blocking.push(...busyReasons(target.name, input.open));

  // By what they took when what runs there now was promoted.
  const took = input.view?.state.current?.gate_ms;
  const estimatedGatesMs = took ? estimateGates(target.gates, took) : null;
  let outcomes: GateOutcome[] = [];
  let notRun: string[] = [];
  if (!onlyApprovalsMissing(blocking)) notRun = target.gates.map((gate) => gate.name);
  else {
    if (estimatedGatesMs !== null && estimatedGatesMs >= WORTH_SAYING_MS)
      context.logger.info(
        `the gates of ${target.name} took ${Math.round(estimatedGatesMs / 1000)} s for what runs there now`,
      );
    const subject = { artifact: gateArtifact(artifact), source: input.source, target: target.name };
    const traced = {
      ...{ ...subject, dryRun: input.dryRun, traceId: input.traceId },
      readManifest: (child: Digest, within: CallOptions) => input.from.getManifest(child, within),
      exemptions: context.exemptions,
      facts: createArtifactFacts(artifact, input.from, target, context, ledgers),
    };
    const { view } = input;
    const open = () => Promise.resolve({ ledger: ledgers.of(target), view });
    const history = createGateHistory({
      ...{ environment: target, open, context, from: input.from, artifact: digest },
    });
    const gateContext = { ...context, history, fresh: input.rerun };
    const run = (signal: AbortSignal) => runGates(target.gates, traced, gateContext, signal);
    outcomes = await whileOpening(context.signer, run, options);
    const alone = (gate: string): string =>
      `floe gate run ${gate} ${artifact.version} --env ${target.name}`;
    for (const { result: gate } of outcomes) {
      const refused: Reason[] = [];
      judgeGate(gate, alone(gate.gate), refused, warnings);
      blocking.push(...lane.pass(refused));
    }
  }
  warnings.push(...lane.warnings({ gates: notRun.length === 0 }));
  // An encrypted key is opened while everything else is evaluated.
  await context.signer?.ready?.(options);

  const gates = outcomes.map(({ result }) => result);
  const policy = policyDigest(target);
  const basis = {
    digest,
    path: [input.source, target.name],
    policy_digest: policy,
    current: before,
    gates: gates.map((gate) => ({ gate: gate.gate, status: gate.status })),
    approvals: approvals.granted.map(({ event }) => event).toSorted(),
  };
  const current = input.view?.state.current ?? null;
  return {
    action: "promote",
    operation: resumes?.operation ?? input.operation,
    traceId: input.traceId,
    artifact: inRepository(artifact, context.store),
    source: input.source,
    target,
    tag,
    commitPoint,
    before,
    previous: current
      ? { version: current.version, digest: current.digest, record: current.record }
      : null,
    observed: observe(input.view),
    freezes: freezes.active,
    overrides: [...lane.used],
    operator: judged.operator,
    claimedOperator: input.claimedOperator,
    signature: signature.result,
    approvals,
    gates,
    material: outcomes.flatMap(({ material }) => material ?? []),
    notRun,
    blocking,
    warnings,
    annotations: input.annotations,
    policyDigest: policy,
    authorityDigest: authorityDigest(target),
    manifestDigest: context.manifest.digest,
    basis,
    planDigest: planDigestOf(basis),
    estimatedGatesMs,
    resumes: resumes?.operation ?? null,
    resumesFrom: resumes?.ownerSeq ?? null,
    rollback: null,
  };
}

// They may run one after the other.
function gatesLimitMs({ gates }: EnvironmentConfig): number {
  return gates.reduce((sum, gate) => sum + gate.timeoutSeconds * 1000, 0);
}

/** A shorter time is not worth a line. */
const WORTH_SAYING_MS = 5000;

function driftWarning(
  environment: string,
  before: Digest | null,
  view: LedgerView | null,
  open: readonly OpenIntent[],
): string | null {
  const expected = view?.state.current?.digest ?? null;
  if (before === expected || open.some(({ body }) => body.digest === before)) return null;
  return `${latestTag(environment)} holds ${before ?? "nothing"}, but by the ledger ${environment} runs ${expected ?? "nothing"}: somebody moved the tag without floe`;
}
