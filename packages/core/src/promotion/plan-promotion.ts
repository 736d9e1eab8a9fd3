import { runGates } from "../gates/run-gates.ts";
import type { LedgerView } from "../ledger/ledger.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestOf } from "../model/digest.ts";
import type { GateResult } from "../model/records.ts";
import { environmentTag, latestTag, NO_SOURCE } from "../model/tag.ts";
import type { CallOptions, VerificationResult } from "../ports/index.ts";
import { assertNotCut } from "./assert-not-cut.ts";
import { checkSource } from "./check-source.ts";
import type { FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { findEnvironment } from "./environments.ts";
import { judgeGate } from "./judge-gate.ts";
import type { Ledgers } from "./ledgers.ts";
import { isOwnIntent, type OpenIntent } from "./open-intent.ts";
import type { ObservedState, OperationPlan } from "./operation.ts";
import { judgeOperator } from "./operator.ts";
import { type Reason, reason } from "./reason.ts";
import { gateArtifact, type ResolvedArtifact } from "./resolve-artifact.ts";

/** What a promotion is planned from; everything in it was read before. */
export interface PromotionInput {
  readonly artifact: ResolvedArtifact;
  readonly source: string;
  readonly target: EnvironmentConfig;
  /** A problem of the transition itself, found before anything was read. */
  readonly transition: Reason | null;
  readonly view: LedgerView | null;
  readonly open: readonly OpenIntent[];
  readonly operation: string;
  readonly traceId: string;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly claimedOperator: string | undefined;
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
  const blocking: Reason[] = [...unsupportedReasons(context.manifest, target)];
  const warnings: string[] = [];
  if (input.transition) blocking.push(input.transition);

  blocking.push(...(await sourceReasons(input, context, ledgers, options)));
  const standing = await readStanding(input, context, options);
  const { tag, before, there, commitPoint } = standing;
  const resumes = resumable(input, standing, context);
  if (!resumes || there !== digest) blocking.push(...targetTagReasons(input, tag, there, before));
  blocking.push(...stateReasons(input, artifact.version, digest));
  const judged = judgeOperator(target, context, input.claimedOperator);
  if (judged.problem) blocking.push(judged.problem);
  const signature = await verifySignature(input, context, blocking, warnings, options);

  warnings.push(...disregarded(target.name, input.view).map(({ message }) => message));
  const drift = driftWarning(target.name, before, input.view, input.open);
  if (drift) {
    await assertNotCut(ledgers.of(target), input.view, before, context, options);
    warnings.push(drift);
  }
  const live = input.open.find((open) => open.state === "live");
  if (live) blocking.push(busyReason(target.name, live));

  let gates: GateResult[] = [];
  let notRun: string[] = [];
  if (blocking.length > 0) notRun = target.gates.map((gate) => gate.name);
  else {
    const subject = { artifact: gateArtifact(artifact), source: input.source, target: target.name };
    const traced = { ...subject, dryRun: input.dryRun, traceId: input.traceId };
    gates = await runGates(target.gates, traced, context, options.signal);
    const alone = (gate: string): string =>
      `floe gate run ${gate} ${artifact.version} --env ${target.name}`;
    for (const gate of gates) judgeGate(gate, alone(gate.gate), blocking, warnings);
  }

  const policy = policyDigest(target);
  const planDigest = digestOf(
    canonicalJson({
      digest,
      path: [input.source, target.name],
      policy_digest: policy,
      current: before,
      gates: gates.map((gate) => ({ gate: gate.gate, status: gate.status })),
      approvals: [],
    }),
  );
  const current = input.view?.state.current ?? null;
  return {
    action: "promote",
    operation: resumes?.operation ?? input.operation,
    traceId: input.traceId,
    artifact,
    source: input.source,
    target,
    tag,
    commitPoint,
    before,
    previous: current
      ? { version: current.version, digest: current.digest, record: current.record }
      : null,
    observed: observe(input.view),
    operator: judged.operator,
    claimedOperator: input.claimedOperator,
    signature,
    gates,
    notRun,
    blocking,
    warnings,
    annotations: input.annotations,
    policyDigest: policy,
    authorityDigest: authorityDigest(target),
    manifestDigest: context.manifest.digest,
    planDigest,
    resumes: resumes?.operation ?? null,
    rollback: null,
  };
}

/** What of a ledger's state a plan rests on. */
export function observe(view: LedgerView | null): ObservedState {
  const state = view?.state;
  return {
    currentOperation: state?.current?.operation ?? null,
    lock: state?.lock ? canonicalJson(state.lock) : null,
    holds: canonicalJson(state?.holds ?? []),
  };
}

/** Requirements that are configured and that this version cannot judge: refusing is the only honest answer. */
export function unsupportedReasons(
  manifest: Pick<Manifest, "unsupported">,
  target: Pick<EnvironmentConfig, "unsupported">,
): Reason[] {
  return [...manifest.unsupported, ...target.unsupported].map((key) =>
    reason(
      "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
      `${key} is configured, and this version of floe cannot judge it`,
      "Remove it from the manifest, or use a version of floe that supports it; it is never skipped silently.",
    ),
  );
}

async function sourceReasons(
  input: PromotionInput,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Reason[]> {
  if (input.transition) return [];
  const needed = new Set([input.source]);
  const required = input.target.verification.requirePromotionFrom;
  if (required !== null) needed.add(required);
  needed.delete(NO_SOURCE);
  const reasons: Reason[] = [];
  for (const name of needed) {
    const ledger = ledgers.of(findEnvironment(context.manifest, name));
    const problem = await checkSource(input.artifact, ledger, context, options);
    if (problem) reasons.push(problem);
  }
  return reasons;
}

function targetTagReasons(
  input: PromotionInput,
  tag: string,
  there: Digest | null,
  before: Digest | null,
): Reason[] {
  const digest = input.artifact.manifest.descriptor.digest;
  if (there === null) return [];
  if (there !== digest) {
    return [
      reason(
        "FLOE_TARGET_TAG_EXISTS",
        `${tag} holds ${there}, not ${digest}`,
        "An environment tag never moves. Publish the new content under a new version.",
      ),
    ];
  }
  if (input.force) return [];
  const now = before === digest ? "and is what runs there" : "though it is not what runs there now";
  return [
    reason(
      "FLOE_TARGET_TAG_EXISTS",
      `${input.artifact.version} is already in ${input.target.name}, ${now}`,
      before === digest
        ? "Nothing to do. In scripts, --if-needed makes this a success."
        : isHeld(input)
          ? "It is held there, so it cannot run again."
          : `To make ${input.target.name} run it again, use --force; every check is made again.`,
    ),
  ];
}

function isHeld({ view, artifact }: Pick<PromotionInput, "view" | "artifact">): boolean {
  const { digest } = artifact.manifest.descriptor;
  return view?.state.holds.some((hold) => hold.digest === digest) === true;
}

/** Refusals that the ledger's state gives: quarantine and holds first, then the lock. */
function stateReasons(
  input: Pick<PromotionInput, "view" | "target">,
  version: string,
  digest: Digest,
): Reason[] {
  const state = input.view?.state;
  if (!state) return [];
  const reasons = state.holds
    .filter((hold) => hold.digest === digest)
    .map((hold) =>
      reason(
        hold.kind === "quarantine" ? "FLOE_DIGEST_QUARANTINED" : "FLOE_VERSION_HELD",
        `${version}${hold.version === version ? "" : ` has the content of ${hold.version}, which`} is held in ${input.target.name}: ${hold.kind === "rollback" ? "rolled back from" : "quarantined"} by ${hold.by} at ${hold.at} (${hold.reason})`,
        "Promote a fixed version instead.",
      ),
    );
  return state.lock ? [...reasons, lockReason(input.target.name, state.lock)] : reasons;
}

/** The refusal of a locked environment. */
export function lockReason(
  environment: string,
  lock: { readonly by: string; readonly at: string; readonly reason: string },
): Reason {
  return reason(
    "FLOE_ENVIRONMENT_LOCKED",
    `${environment} was locked by ${lock.by} at ${lock.at}: ${lock.reason}`,
    `When the reason is gone: floe platform unlock --env ${environment} --reason …`,
  );
}

/** The refusal while somebody else's operation is open. */
export function busyReason(environment: string, open: OpenIntent): Reason {
  return reason(
    "FLOE_PROMOTION_BUSY",
    `${open.body.action} of ${open.body.version} to ${environment} is under way (since ${open.event.event.at}, lease until ${open.leaseEnds.toISOString()})`,
    "Wait for it, or give --wait 2m. If it was interrupted on another machine, its lease has to run out first.",
  );
}

/** What the tags say that a promotion starts from. */
interface Standing {
  /** The environment tag, and what it holds. */
  readonly tag: string;
  readonly there: Digest | null;
  /** What `latest-ENV` holds. */
  readonly before: Digest | null;
  readonly commitPoint: OperationPlan["commitPoint"];
}

type Wish = Pick<PromotionInput, "artifact" | "source" | "target" | "open" | "force">;

async function readStanding(
  { artifact, target, force }: Wish,
  { store }: FloeContext,
  options: CallOptions,
): Promise<Standing> {
  const tag = environmentTag(artifact.version, target.name);
  const before = (await store.resolve(latestTag(target.name), options))?.digest ?? null;
  const there = (await store.resolve(tag, options))?.digest ?? null;
  // Only a tag that is there already needs forcing; without one, --force changes nothing about a promotion.
  const forced = force && there === artifact.manifest.descriptor.digest;
  return { tag, before, there, commitPoint: forced ? "latest-tag" : "environment-tag" };
}

/** Whether a run would take over the open intent of the same promotion, instead of closing it and starting anew. */
export async function canResume(
  input: Wish,
  context: FloeContext,
  options: CallOptions,
): Promise<boolean> {
  return resumable(input, await readStanding(input, context, options), context) !== null;
}

// The same promotion, interrupted before its commit point: a second run takes it over, so that there is one intent, one
// record and one outcome in the end.
function resumable(
  input: Wish,
  { before, commitPoint }: Standing,
  context: FloeContext,
): OpenIntent | null {
  const open = input.open.length === 1 ? input.open[0] : undefined;
  if (open?.state !== "abandoned" || open.committed) return null;
  const { body } = open;
  const same =
    body.action === "promote" &&
    body.digest === input.artifact.manifest.descriptor.digest &&
    body.version === input.artifact.version &&
    body.source === input.source &&
    body.commit_point === commitPoint &&
    body.before === before &&
    body.policy_digest === policyDigest(input.target) &&
    body.authority_digest === authorityDigest(input.target);
  return same && isOwnIntent(open, context) ? open : null;
}

async function verifySignature(
  input: PromotionInput,
  context: FloeContext,
  blocking: Reason[],
  warnings: string[],
  options: CallOptions,
): Promise<VerificationResult> {
  const policy = input.target.verification;
  const result = await context.artifactVerifier.verifyArtifact(
    context.store,
    input.artifact.manifest,
    policy,
    options,
  );
  warnings.push(...result.warnings);
  const problem = signatureReason(input.artifact, input.target, result);
  if (problem && policy.enforcement === "enforce") blocking.push(problem);
  else if (problem)
    warnings.push(`signature of ${input.artifact.version} not accepted: ${problem.message}`);
  return result;
}

/** Says why a signature policy is not met; `null` when it is, or asks for nothing. */
export function signatureReason(
  artifact: ResolvedArtifact,
  target: EnvironmentConfig,
  result: VerificationResult,
): Reason | null {
  if (result.status === "valid" || result.status === "skipped") return null;
  const why = result.failureReason ?? result.status;
  if (result.status === "unknown") {
    return reason(
      "FLOE_SIGNATURE_UNJUDGED",
      `the signature of ${artifact.version} could not be judged: ${why}`,
      "Could not judge blocks; see the reason.",
    );
  }
  return reason(
    "FLOE_SIGNATURE_REQUIRED",
    `${artifact.version} has no signature that ${target.name} accepts: ${why}`,
    `Sign it with a key that the manifest trusts: floe artifact sign ${artifact.version} --key REF`,
  );
}

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
