import { actorName } from "../ledger/fold-state.ts";
import type { AppendedEvent } from "../ledger/ledger.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertLatestNotCut } from "./assert-not-cut.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { unsupportedReasons } from "./checks/check-unsupported.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import { freezeReasons, readFreezes } from "./freezes.ts";
import { isLedgerPlace, type Ledgers } from "./ledgers.ts";
import { notAppended } from "./operation-errors.ts";
import { judgeOperator } from "./operator.ts";
import type { Reason } from "./reason.ts";
import { requireReason } from "./require-reason.ts";

/** What a lock or unlock is asked for. */
export interface LockRequest {
  readonly environment: string;
  readonly reason: string;
  readonly claimedOperator?: string | undefined;
}

/** What locking or unlocking came to. */
export type LockOutcome =
  | {
      readonly kind: "done";
      readonly environment: string;
      readonly locked: boolean;
      /** `false`: it was so already, and nothing was written. */
      readonly changed: boolean;
      readonly by: string;
      readonly at: string | null;
      readonly reason: string;
      readonly event: string | null;
      readonly traceId: string;
    }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[] };

/**
 * Locks or unlocks an environment by one signed event. Unlocking what is not locked changes nothing; locking again
 * records the new reason.
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - the event could not be appended
 */
export async function setLock(
  action: "lock" | "unlock",
  request: LockRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<LockOutcome> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = at(given, environment);
  const reason = requireReason(action, request.reason);
  const { operator, problem } = judgeOperator(environment, context, request.claimedOperator);
  if (problem || !operator) return { kind: "blocked", blocking: problem ? [problem] : [] };
  const unsupported = unsupportedForLock(context.manifest, environment);
  if (unsupported.length > 0) return { kind: "blocked", blocking: unsupported };
  const freezes = await readFreezes(environment, context.store.now());
  const frozen = freezeReasons(environment.name, action, freezes);
  if (frozen.length > 0) return { kind: "blocked", blocking: frozen };
  const ledger = ledgers.of(environment);
  const before = await ledger.view(options);
  const pinned = pinReasons(environment, before);
  if (pinned.length > 0) return { kind: "blocked", blocking: pinned };
  const traceId = traceIdOf(context);
  const done = {
    kind: "done" as const,
    environment: environment.name,
    locked: action === "lock",
    by: operator.name,
    reason,
    traceId,
  };
  if (action === "unlock" && !before?.state.lock) {
    return { ...done, changed: false, at: null, event: null };
  }
  const draft = {
    kind: action,
    operation: uuidV7(context.store.now(), context.host.randomBytes(10)),
    subject: null,
    traceId,
    claimedOperator: request.claimedOperator,
    body: { reason },
  };
  const append = async (): Promise<AppendedEvent | null> => {
    await ledger.begin({ ...options, traceId });
    await assertLatestNotCut(ledger, await ledger.view(options), context, options);
    return await ledger.append(
      (view) => (action === "unlock" && !view.state.lock ? null : draft),
      options,
    );
  };
  const appended = await append().catch((cause: unknown) => {
    throw notAppended(action, environment.name, cause, options);
  });
  if (!appended) return { ...done, changed: false, at: null, event: null };
  return {
    ...done,
    changed: true,
    by: actorName(appended.event.actor),
    at: appended.event.at,
    event: appended.hash,
  };
}

// A lock asks for less than a promotion: what is only about artifacts does not stand in its way.
function unsupportedForLock(manifest: Manifest, environment: EnvironmentConfig): Reason[] {
  const concerns = (key: string): boolean => isLedgerPlace(key);
  return unsupportedReasons(
    { unsupported: manifest.unsupported.filter(concerns) },
    { unsupported: environment.unsupported.filter(concerns) },
  );
}
