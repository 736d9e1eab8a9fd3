import { actorName } from "../ledger/fold-state.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";

const CLOCK_DIFFERENCE_MS = 86_400_000;

/** Filters of `floe platform history`; all given ones must match. */
export interface HistoryRequest {
  readonly environment?: string | undefined;
  readonly version?: string | undefined;
  readonly operator?: string | undefined;
  readonly since?: Date | undefined;
  /** Default: all. */
  readonly limit?: number | undefined;
}

/** One event, flattened for lists. */
export interface HistoryEvent {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly action: string;
  readonly environment: string;
  readonly version: string | null;
  readonly digest: string | null;
  readonly operator: string;
  readonly at: string;
  readonly result: string | null;
  readonly reason: string | null;
  readonly hash: string;
  readonly prev: string | null;
  readonly operation: string;
}

/** Reads ledger events, newest first. Every signature is checked on the way. */
export async function history(
  request: HistoryRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<HistoryEvent[]> {
  const { manifest } = context;
  const environments =
    request.environment === undefined
      ? manifest.environments
      : [findEnvironment(manifest, request.environment)];
  const since = request.since?.toISOString();
  // Clocks of several machines: an event may be a little older than the one that it follows.
  const stop =
    request.since && new Date(request.since.getTime() - CLOCK_DIFFERENCE_MS).toISOString();
  const limit = request.limit ?? Number.POSITIVE_INFINITY;
  const events: HistoryEvent[] = [];
  for (const environment of environments) {
    let count = 0;
    for await (const stored of ledgers.of(environment).readBack(options)) {
      const event = flatten(stored);
      if (stop !== undefined && event.at < stop) break;
      if (
        (request.version === undefined || event.version === request.version) &&
        (request.operator === undefined || event.operator === request.operator) &&
        (since === undefined || event.at >= since)
      ) {
        events.push(event);
        count += 1;
      }
      if (count >= limit) break;
    }
  }
  return events
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.seq - a.seq))
    .slice(0, request.limit);
}

function flatten({ event, hash, authorized, signedBy }: VerifiedEvent): HistoryEvent {
  const body = event.body as Readonly<Record<string, unknown>>;
  const text = (key: string): string | null =>
    typeof body[key] === "string" ? (body[key] as string) : null;
  const blocking = event.kind === "refusal" ? event.body.blocking[0]?.message : undefined;
  return {
    seq: event.seq,
    id: event.id,
    kind: event.kind,
    action: text("action") ?? event.kind,
    environment: event.environment,
    version: text("version"),
    digest: text("digest"),
    // What somebody called themselves who may do nothing there is nobody's word but theirs.
    operator: actorName(authorized ? event.actor : { ...event.actor, identity: signedBy }),
    at: event.at,
    result: event.kind === "refusal" ? "refused" : text("result"),
    reason: blocking ?? text("reason") ?? rollbackReason(body),
    hash,
    prev: event.prev,
    operation: event.operation,
  };
}

function rollbackReason(body: Readonly<Record<string, unknown>>): string | null {
  const reason = (body["rollback"] as { reason?: unknown } | undefined)?.reason;
  return typeof reason === "string" ? reason : null;
}
