import type { Ledger, Settling } from "../ledger/ledger.ts";
import { otherPin } from "../ledger/pinned-policy.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { busyReason } from "./checks/check-busy.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { at, type FloeContext } from "./context.ts";
import { selectEnvironments } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { openIntents } from "./open-intent.ts";
import { judgeOperator } from "./operator.ts";
import { acceptanceReasons } from "./policy-pin/accept-policy.ts";
import type { Reason } from "./reason.ts";
import { type Recovered, recover } from "./recover.ts";
import { requireReason } from "./require-reason.ts";
import { isInSync, syncEnvironment, syncReason } from "./sync/sync-environment.ts";
import type { SyncStatus } from "./sync/sync-registry.ts";
import { type Delivered, deliverEvents, prepareDeliveries } from "./webhooks/deliver-events.ts";

/** How long webhooks may take for one environment. */
const DELIVERING_MS = 120_000;

/** What reconciling came to. */
export interface ReconcileOutcome {
  readonly recovered: readonly Recovered[];
  /** What was decided about events whose authors today's manifest does not let act there. */
  readonly settled: readonly Settled[];
  /** What became of secondary registries, one for each environment and registry. */
  readonly synced: readonly SyncedIn[];
  /** What became of webhooks, one for each environment and webhook that had something to be told. */
  readonly delivered: readonly Delivered[];
  /** Operations that cannot be finished yet, and secondary registries that are incomplete, and why. */
  readonly blocking: readonly Reason[];
  readonly traceId: string;
}

/** What became of a secondary registry, for one environment. */
export interface SyncedIn extends SyncStatus {
  readonly environment: string;
}

/** A decision about events that today's manifest cannot judge. */
export interface Settled {
  readonly environment: string;
  readonly counts: boolean;
  /** Hashes of the events. */
  readonly events: readonly string[];
  /** Hash of the event that says so. */
  readonly event: string;
}

/** What is asked for. */
export interface ReconcileRequest {
  /** Default: all. */
  readonly environment?: string | undefined;
  /**
   * Whether events count that were written under another manifest by somebody whom today's does not let act there. Needs
   * an environment; decides about those that are there when it is signed.
   */
  readonly settle?: { readonly how: Settling; readonly reason: string } | undefined;
}

/** Finishes what crashes have left open, in one environment or all of them. */
export async function reconcile(
  request: ReconcileRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ReconcileOutcome> {
  const { manifest } = given;
  const traceId = traceIdOf(given);
  const environments = selectEnvironments(manifest, request.environment);
  const recovered: Recovered[] = [];
  const settled: Settled[] = [];
  const synced: SyncedIn[] = [];
  const delivered: Delivered[] = [];
  const blocking: Reason[] = [];
  for (const environment of environments) {
    const context = at(given, environment);
    const ledger = ledgers.of(environment);
    await prepareDeliveries(ledger, given, options);
    if (request.settle) {
      const { problem } = judgeOperator(environment, context, undefined);
      const pinned = problem
        ? []
        : await settlePinReasons(request.settle.how, ledger, context, options);
      if (problem || pinned.length > 0) {
        blocking.push(...(problem ? [problem] : pinned));
        continue;
      }
      const made = await settle(request.settle, ledger, traceId, context, options);
      if (made) settled.push(made);
    }
    const view = await ledger.view(options);
    if (!view) continue;
    for (const open of await openIntents(ledger, view, context, options)) {
      if (open.state === "live") {
        blocking.push(busyReason(environment.name, open));
        continue;
      }
      const { problem } = judgeOperator(environment, context, undefined);
      const [pinned] = pinReasons(environment, view);
      if (problem || pinned) {
        blocking.push(...[problem ?? pinned].filter((one) => one !== undefined));
        continue;
      }
      const who = { traceId, resolvedBy: "reconcile" as const };
      const done = await recover(open, ledger, context, who, options);
      if (done) recovered.push(done);
      else blocking.push(busyReason(environment.name, open));
    }
    for (const status of await syncEnvironment(ledger, "everything", given, options)) {
      synced.push({ environment: environment.name, ...status });
      if (!isInSync(status)) blocking.push(syncReason(environment.name, status));
    }
    const told = await deliverEvents(ledger, DELIVERING_MS, given, options);
    delivered.push(...told.filter((one) => one.delivered + one.pending > 0));
  }
  return { recovered, settled, synced, delivered, blocking, traceId };
}

// A manifest that leaves out everybody who wrote the ledger must not be the way to make what they pinned have no effect. So
// what is settled is read as if it counted; that it does may be said by whom the pinned authority lets act there, so that a
// change which leaves people out can be accepted at all; that it does not, by who uses the accepted manifest alone.
async function settlePinReasons(
  how: Settling,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<readonly Reason[]> {
  const { environment } = ledger;
  const view = await ledger.view({ ...options, settling: "count" });
  const pinned = otherPin(environment, view);
  if (!pinned) return [];
  const refused = await acceptanceReasons(environment, pinned, context, options);
  return refused.length > 0 || how === "count" ? refused : pinReasons(environment, view);
}

async function settle(
  { how, reason }: { readonly how: Settling; readonly reason: string },
  ledger: Ledger,
  traceId: string,
  context: FloeContext,
  options: CallOptions,
): Promise<Settled | null> {
  const counts = how === "count";
  const body = { counts, reason: requireReason("reconcile --settle", reason) };
  const operation = uuidV7(context.store.now(), context.host.randomBytes(10));
  const appended = await ledger.append(
    (view) =>
      view.settled.length === 0
        ? null
        : {
            kind: "settle",
            operation,
            subject: null,
            traceId,
            body: { ...body, events: view.settled.map(({ hash }) => hash) },
          },
    { ...options, settling: how },
  );
  if (appended?.event.kind !== "settle") return null;
  return {
    environment: ledger.environment.name,
    counts,
    events: appended.event.body.events,
    event: appended.hash,
  };
}
