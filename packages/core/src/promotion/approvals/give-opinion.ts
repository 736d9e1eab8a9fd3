import { FloeError } from "../../errors/index.ts";
import { actorName } from "../../ledger/fold-state.ts";
import type { AppendedEvent, EventDraft, Ledger, LedgerView } from "../../ledger/ledger.ts";
import { actorOf } from "../../ledger/ledger-context.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { policyDigest } from "../../manifest/policy-digests.ts";
import type { Digest } from "../../model/digest.ts";
import { approversOf, mayApprove } from "../../model/identity.ts";
import { NO_SOURCE } from "../../model/tag.ts";
import { traceIdOf } from "../../model/trace-id.ts";
import { uuidV7 } from "../../model/uuid.ts";
import type { CallOptions } from "../../ports/index.ts";
import { assertLatestNotCut } from "../assert-not-cut.ts";
import { pinReasons } from "../checks/check-pin.ts";
import { checkSource } from "../checks/check-source.ts";
import { unsupportedReasons } from "../checks/check-unsupported.ts";
import { at, type FloeContext } from "../context.ts";
import { findEnvironment, judgeTransition } from "../environments.ts";
import { findArtifact } from "../find-artifact.ts";
import { type Ledgers, unknownPlaces } from "../ledgers.ts";
import type { Operator } from "../operation.ts";
import { notAppended } from "../operation-errors.ts";
import { judgeOperator } from "../operator.ts";
import { type Reason, reason } from "../reason.ts";
import { recordRefusal } from "../record-refusal.ts";
import { requireReason } from "../require-reason.ts";
import { parseVersionArgument, type ResolvedArtifact } from "../resolve-artifact.ts";
import { type ApprovalJudgement, judgeApprovals } from "./judge-approvals.ts";
import { publishApproval } from "./publish-approval.ts";
import { type Opinion, readOpinions } from "./read-opinions.ts";

/** What an approver says. */
export type OpinionKind = "approve" | "deny";

/** What approving, denying or taking either back is asked for. */
export interface OpinionRequest {
  /** `v1.2.3`, or `v1.2.3@sha256:…` where the tag must be at that digest. */
  readonly version: string;
  readonly environment: string;
  readonly reason?: string | undefined;
  /** Takes one's own approval or denial back. */
  readonly withdraw?: boolean;
  readonly claimedOperator?: string | undefined;
}

/** What it came to. */
export type OpinionOutcome =
  | {
      readonly kind: "done";
      readonly environment: string;
      readonly version: string;
      readonly digest: Digest;
      readonly decision: "approved" | "denied" | "withdrawn";
      /** `false`: it was so already, and nothing was written. */
      readonly changed: boolean;
      readonly by: string;
      readonly at: string | null;
      readonly expiresAt: string | null;
      readonly reason: string | null;
      readonly event: string | null;
      /** What stands now, whoever runs the promotion. */
      readonly approvals: ApprovalJudgement;
      readonly warnings: readonly string[];
      readonly traceId: string;
    }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[] };

/** What is known once the request has been resolved. */
interface Wish {
  readonly kind: OpinionKind;
  readonly request: OpinionRequest;
  readonly environment: EnvironmentConfig;
  readonly artifact: ResolvedArtifact;
  readonly reason: string | null;
  readonly traceId: string;
}

/**
 * Approves or denies an artifact for an environment by one signed event, or takes that back. Approving needs the version in
 * the environment before, where its evidence is; a denial may come at any time.
 * @throws {FloeError} FLOE_USAGE_INVALID - the environment asks for no approvals
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - with near names
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - the event could not be appended
 */
export async function giveOpinion(
  kind: OpinionKind,
  request: OpinionRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OpinionOutcome> {
  const { manifest } = given;
  const environment = findEnvironment(manifest, request.environment);
  const context = at(given, environment);
  if (!environment.approvals) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${environment.name} asks for no approvals`,
      hint: "Set approvals for the environment in the manifest, with required and from_groups.",
    });
  }
  const wanted = parseVersionArgument(request.version, manifest);
  const why = request.reason === undefined ? null : requireReason(kind, request.reason);
  if (unknownPlaces(manifest, environment).length > 0)
    return { kind: "blocked", blocking: unsupportedReasons(manifest, environment) };
  const { source: before } = judgeTransition(manifest, environment.name, undefined);
  const { artifact } = await findArtifact(wanted, before, given, options);
  const traceId = traceIdOf(context);
  const wish: Wish = { kind, request, environment, artifact, reason: why, traceId };
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  const approver = judgeApprover(environment, context, request.claimedOperator);
  const pinned = pinReasons(environment, view);
  const warnings: string[] = [];
  const source = approver.problem
    ? null
    : await sourceProblem(wish, warnings, context, ledgers, options);
  const blocking = [...pinned, ...[approver.problem, source].filter((one) => one !== null)];
  if (blocking.length > 0 || !approver.operator) {
    if (view)
      await recordRefusal(
        refused(wish, approver.operator, blocking, context),
        ledger,
        context,
        options,
      );
    return { kind: "blocked", blocking };
  }
  const written = await write(wish, approver.operator, { ledger, view }, context, options);
  return await outcome(wish, approver.operator, { ...written, warnings }, ledger, context, options);
}

function judgeApprover(
  environment: EnvironmentConfig,
  context: FloeContext,
  claimedOperator: string | undefined,
): { readonly operator: Operator | null; readonly problem: Reason | null } {
  const { signer, manifest } = context;
  if (!signer) return judgeOperator(environment, context, claimedOperator);
  const actor = actorOf(signer.signer, context, claimedOperator);
  const name = actorName(actor);
  const groups = (environment.approvals?.fromGroups ?? []).map((group) => `group ${group}`);
  const authorized = mayApprove(actor.identity, environment, manifest);
  const operator = { name, actor, authorized, via: authorized ? groups.join(" or ") : "" };
  if (authorized) return { operator, problem: null };
  const members = approversOf(environment, manifest).join(", ");
  const who =
    actor.identity === null
      ? `the signer (${name}) is not an identity of the manifest that is valid now`
      : `${name} is in none of them`;
  const problem = reason(
    "FLOE_NOT_AUTHORIZED",
    `an approval for ${environment.name} needs ${groups.join(" or ")} (${members || "nobody"}); ${who}`,
    "Sign with the key of an approver (--key REF), or have the manifest's groups changed.",
  );
  return { operator, problem };
}

async function sourceProblem(
  { kind, request, environment, artifact }: Wish,
  warnings: string[],
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Reason | null> {
  if (kind === "deny" || request.withdraw === true) return null;
  const { source } = judgeTransition(context.manifest, environment.name, undefined);
  if (source === NO_SOURCE) return null;
  const ledger = ledgers.of(findEnvironment(context.manifest, source));
  const warn = (warning: string): number => warnings.push(warning);
  return await checkSource(artifact, ledger, context, warn, options);
}

interface Written {
  readonly appended: AppendedEvent | null;
  /** What stands already, so that nothing had to be written. */
  readonly standing: Opinion | null;
}

async function write(
  wish: Wish,
  approver: Operator,
  { ledger, view }: { readonly ledger: Ledger; readonly view: LedgerView | null },
  context: FloeContext,
  options: CallOptions,
): Promise<Written> {
  const { kind, request, traceId } = wish;
  const own = await ownOpinion(wish, approver, ledger, view, context, options);
  const isWithdrawal = request.withdraw === true;
  if (isWithdrawal && own?.event.kind !== KINDS[kind]) return { appended: null, standing: null };
  if (!isWithdrawal && own && stands(own, wish, context.store.now()))
    return { appended: null, standing: own };
  const draft = isWithdrawal ? withdrawalDraft(wish, context) : opinionDraft(wish, context);
  const append = async (): Promise<AppendedEvent | null> => {
    await ledger.begin({ ...options, traceId });
    await assertLatestNotCut(ledger, await ledger.view(options), context, options);
    return await ledger.append(() => draft, options);
  };
  const appended = await append().catch((cause: unknown) => {
    throw notAppended(draft.kind, wish.environment.name, cause, options);
  });
  return { appended, standing: null };
}

const KINDS = { approve: "approval", deny: "denial" } as const;

async function ownOpinion(
  { artifact }: Wish,
  approver: Operator,
  ledger: Ledger,
  view: LedgerView | null,
  context: FloeContext,
  options: CallOptions,
): Promise<Opinion | null> {
  const { digest } = artifact.manifest.descriptor;
  const all = await readOpinions(digest, ledger, view, context.store.now(), options);
  return all.find(({ by }) => by === approver.actor.identity) ?? null;
}

// Saying the same again changes nothing: a script may be run twice. What has expired or was said under other requirements is
// said anew.
function stands({ event }: Opinion, { kind, environment }: Wish, now: Date): boolean {
  if (event.kind !== KINDS[kind]) return false;
  if (event.kind === "denial") return true;
  const { policy_digest: policy, expires_at: ends } = event.body;
  const inTime = ends !== null && Date.parse(ends) > now.getTime();
  return inTime && policy === policyDigest(environment);
}

function frameOf({ artifact, request, traceId }: Wish, { store, host }: FloeContext) {
  const { reference, manifest } = artifact;
  const name = reference.slice(0, reference.indexOf("@"));
  return {
    operation: uuidV7(store.now(), host.randomBytes(10)),
    subject: { name, digest: manifest.descriptor.digest },
    traceId,
    claimedOperator: request.claimedOperator,
  };
}

function opinionDraft(wish: Wish, context: FloeContext): EventDraft<"approval" | "denial"> {
  const { kind, environment, artifact, reason: why } = wish;
  const hours = environment.approvals?.expiresHours ?? 0;
  const ends = new Date(context.store.now().getTime() + hours * 3_600_000);
  return {
    ...frameOf(wish, context),
    kind: KINDS[kind],
    body: {
      version: artifact.version,
      digest: artifact.manifest.descriptor.digest,
      policy_digest: policyDigest(environment),
      expires_at: kind === "approve" ? ends.toISOString() : null,
      reason: why,
    },
  };
}

function withdrawalDraft(wish: Wish, context: FloeContext): EventDraft<"withdrawal"> {
  const { kind, artifact, reason: why } = wish;
  const { digest } = artifact.manifest.descriptor;
  const body = { of: KINDS[kind], version: artifact.version, digest, reason: why };
  return { ...frameOf(wish, context), kind: "withdrawal", body };
}

async function outcome(
  wish: Wish,
  approver: Operator,
  { appended, standing, warnings }: Written & { readonly warnings: string[] },
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<OpinionOutcome> {
  const { environment, artifact, traceId, request, kind } = wish;
  const { digest } = artifact.manifest.descriptor;
  const given = appended?.event ?? standing?.event ?? null;
  const hash = appended?.hash ?? standing?.stored.hash ?? null;
  if (hash !== null && (given?.kind === "approval" || given?.kind === "denial")) {
    // The ledger has it. A copy that could not be published is published by the same command, run again.
    await publishApproval({ event: given, hash }, artifact, context, options).catch((cause) => {
      options.signal.throwIfAborted();
      const why = cause instanceof Error ? cause.message : String(cause);
      warnings.push(`it counts, but its copy beside the artifact is not published: ${why}`);
    });
  }
  const question = { digest, operator: null, byOthers: false };
  const view = appended?.view ?? (await ledger.view(options));
  return {
    kind: "done",
    environment: environment.name,
    version: artifact.version,
    digest,
    decision: request.withdraw === true ? "withdrawn" : kind === "approve" ? "approved" : "denied",
    changed: appended !== null,
    by: approver.name,
    at: given?.at ?? null,
    expiresAt: given?.kind === "approval" ? given.body.expires_at : null,
    reason: wish.reason,
    event: hash,
    approvals: await judgeApprovals(question, ledger, view, context, options),
    warnings,
    traceId,
  };
}

function refused(
  { kind, request, environment, artifact, traceId }: Wish,
  operator: Operator | null,
  blocking: readonly Reason[],
  context: FloeContext,
): Parameters<typeof recordRefusal>[0] {
  const { operation, subject } = frameOf(
    { kind, request, environment, artifact, reason: null, traceId },
    context,
  );
  return {
    action: kind,
    operation,
    traceId,
    version: artifact.version,
    artifact: subject,
    source: NO_SOURCE,
    target: environment,
    operator,
    claimedOperator: request.claimedOperator,
    blocking,
    gates: [],
  };
}
