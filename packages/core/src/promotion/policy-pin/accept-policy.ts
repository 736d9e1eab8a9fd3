import { FloeError } from "../../errors/index.ts";
import { otherPin } from "../../ledger/pinned-policy.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../../manifest/policy-digests.ts";
import type { Digest } from "../../model/digest.ts";
import { NO_SOURCE } from "../../model/tag.ts";
import { traceIdOf } from "../../model/trace-id.ts";
import { uuidV7 } from "../../model/uuid.ts";
import type { CallOptions } from "../../ports/index.ts";
import { assertLatestNotCut } from "../assert-not-cut.ts";
import { unsupportedReasons } from "../checks/check-unsupported.ts";
import { at, type FloeContext } from "../context.ts";
import { findEnvironment } from "../environments.ts";
import { type Ledgers, unknownPlaces } from "../ledgers.ts";
import type { Operator } from "../operation.ts";
import { notAppended } from "../operation-errors.ts";
import { judgeOperator } from "../operator.ts";
import { type Reason, reason } from "../reason.ts";
import { recordRefusal } from "../record-refusal.ts";
import { requireReason } from "../require-reason.ts";
import { type Pin, pinPolicy, tagOfPin } from "./pin-policy.ts";
import { authorizeByPin } from "./pinned-authority.ts";

/** What accepting a policy is asked for. */
export interface AcceptPolicyRequest {
  readonly environment: string;
  readonly reason: string;
  readonly claimedOperator?: string | undefined;
}

/** What accepting a policy came to. */
export type AcceptPolicyOutcome =
  | {
      readonly kind: "done";
      readonly environment: string;
      /** `false`: it is what the environment is pinned to already, and nothing was written. */
      readonly changed: boolean;
      /** `false`: the manifest asks for no pin, and there is none any more. */
      readonly pinned: boolean;
      readonly policyDigest: Digest;
      readonly authorityDigest: Digest;
      readonly by: string;
      readonly at: string | null;
      readonly reason: string;
      readonly event: string | null;
      readonly traceId: string;
    }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[] };

/**
 * Pins an environment to what the manifest gives. Whoever does that may act there by the manifest, and by the one that is
 * pinned: a manifest cannot give anybody the right to accept it.
 * @throws {FloeError} FLOE_USAGE_INVALID - the environment neither pins nor is pinned
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - the event could not be appended
 */
export async function acceptPolicy(
  request: AcceptPolicyRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<AcceptPolicyOutcome> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = at(given, environment);
  const why = requireReason("accept-policy", request.reason);
  if (unknownPlaces(context.manifest, environment).length > 0)
    return { kind: "blocked", blocking: unsupportedReasons(context.manifest, environment) };
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  const before = view?.state.policy ?? null;
  const pins = environment.authorization?.pinPolicy === true;
  if (!pins && !before) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${environment.name} pins no policy, so there is none to accept`,
      hint: "Set authorization.pin_policy: true for the environment, if that is what you want.",
    });
  }
  const traceId = traceIdOf(context);
  const { operator, problem } = judgeOperator(environment, context, request.claimedOperator);
  const other = otherPin(environment, view);
  const blocking = problem
    ? [problem]
    : other
      ? await acceptanceReasons(environment, other, context, options)
      : [];
  if (blocking.length > 0 || !operator) {
    const refused = refusedAcceptance(
      request,
      environment,
      { operator, blocking, traceId },
      context,
    );
    if (view) await recordRefusal(refused, ledger, context, options);
    return { kind: "blocked", blocking };
  }
  const done = {
    kind: "done" as const,
    environment: environment.name,
    pinned: pins,
    policyDigest: policyDigest(environment),
    authorityDigest: authorityDigest(environment),
    by: operator.name,
    reason: why,
    traceId,
  };
  const unchanged = { ...done, changed: false, at: null, event: null };
  if (before && !other && pins) return unchanged;
  const { claimedOperator } = request;
  const append = async (): ReturnType<typeof pinPolicy> => {
    await ledger.begin({ ...options, traceId });
    await assertLatestNotCut(ledger, await ledger.view(options), context, options);
    const pinning = { reason: why, traceId, claimedOperator };
    return await pinPolicy(ledger, before, pinning, context, options);
  };
  const appended = await append().catch((cause: unknown) => {
    throw notAppended("policy", environment.name, cause, options);
  });
  if (!appended) {
    throw new FloeError({
      code: "FLOE_PROMOTION_BUSY",
      message: `somebody else has just accepted a policy for ${environment.name}`,
      hint: "Look at it, and run the command again if yours is still the one to be.",
    });
  }
  return { ...done, changed: true, at: appended.event.at, event: appended.hash };
}

/** Says why somebody may not accept what a manifest changes: only those may whom the pinned authority lets act there. */
export async function acceptanceReasons(
  environment: EnvironmentConfig,
  pinned: Pin,
  context: FloeContext,
  options: CallOptions,
): Promise<Reason[]> {
  const { signer, store } = context;
  if (!signer) return [];
  const verdict = await authorizeByPin(signer.signer, environment, pinned, store, options);
  if (verdict?.granted) return [];
  if (!verdict) {
    return [
      reason(
        "FLOE_POLICY_NOT_ACCEPTED",
        `who may accept another policy for ${environment.name} cannot be told: ${pinned.authority_digest}, which it is pinned to, is not in the registry`,
        `Restore ${tagOfPin(environment.name, pinned)} with its blobs from a copy of the registry, or use the manifest that was accepted.`,
      ),
    ];
  }
  return [
    reason(
      "FLOE_NOT_AUTHORIZED",
      `a change of the policy of ${environment.name} needs ${verdict.required.join(" or ") || "an identity that nobody has"} of the manifest that was accepted before; ${verdict.reason}`,
      "Have it accepted by somebody who might act there before the change. A manifest gives nobody the right to accept it.",
    ),
  ];
}

function refusedAcceptance(
  { claimedOperator }: AcceptPolicyRequest,
  target: EnvironmentConfig,
  known: {
    readonly operator: Operator | null;
    readonly blocking: readonly Reason[];
    readonly traceId: string;
  },
  { store, host }: FloeContext,
): Parameters<typeof recordRefusal>[0] {
  return {
    ...known,
    action: "accept-policy",
    operation: uuidV7(store.now(), host.randomBytes(10)),
    version: NO_SOURCE,
    artifact: null,
    source: NO_SOURCE,
    target,
    claimedOperator,
    gates: [],
  };
}
