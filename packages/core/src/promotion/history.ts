import { EXIT, type FloeError, isFloeError } from "../errors/index.ts";
import type { LedgerEvent } from "../ledger/event.ts";
import { actorName } from "../ledger/fold-state.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { selectEnvironments } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { mergeHistories } from "./merge-histories.ts";
import { parseVersionArgument } from "./resolve-artifact.ts";

const CLOCK_DIFFERENCE_MS = 86_400_000;

/** Filters of `floe platform history`; all given ones must match. */
export interface HistoryRequest {
  readonly environment?: string | undefined;
  /** `v1.2.3`, or `v1.2.3@sha256:…`: then only events about this digest. */
  readonly version?: string | undefined;
  /** Name of an identity; also a key id or a subject, for signers that the manifest does not know. */
  readonly operator?: string | undefined;
  readonly since?: Date | undefined;
  /** Nothing that was signed later. */
  readonly until?: Date | undefined;
  /** Only events of these kinds. */
  readonly kinds?: readonly string[] | undefined;
  readonly digest?: string | undefined;
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
  /** `false`: it has no effect, because its author may not do this there, or because another one had gone before. */
  readonly counts: boolean;
}

/** What of one environment's ledger is wanted. */
export interface EventFilter {
  readonly version?: string | undefined;
  readonly digest?: string | undefined;
  readonly operator?: string | undefined;
  readonly since?: Date | undefined;
  /** Nothing that was signed later. */
  readonly until?: Date | undefined;
  readonly kinds?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/**
 * Reads ledger events, newest first. Every signature is checked on the way.
 * @throws {FloeError} FLOE_TAG_INVALID - the version is none
 */
export async function history(
  request: HistoryRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<HistoryEvent[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, manifest);
  const { operator, since, until, kinds, limit } = request;
  const filter: EventFilter = {
    version: wanted?.version,
    digest: wanted?.digest ?? request.digest,
    ...{ operator, since, until, kinds, limit },
  };
  const histories: HistoryEvent[][] = [];
  for (const environment of environments)
    histories.push(await eventsOf(ledgers.of(environment), filter, options));
  return mergeHistories(histories).slice(0, request.limit);
}

/** Reads the events of one environment that match, newest first. */
async function eventsOf(
  ledger: Ledger,
  filter: EventFilter,
  options: CallOptions,
): Promise<HistoryEvent[]> {
  const { version, digest, operator, limit = Number.POSITIVE_INFINITY } = filter;
  const since = filter.since?.toISOString();
  const until = filter.until?.toISOString();
  // Clocks of several machines: an event may be a little older than the one that it follows.
  const stop = filter.since && new Date(filter.since.getTime() - CLOCK_DIFFERENCE_MS).toISOString();
  const events: HistoryEvent[] = [];
  const stream =
    digest === undefined ? ledger.readBack(options) : ledger.readAbout(digest, options);
  for await (const stored of stream) {
    const event = flattenEvent(stored);
    if (stop !== undefined && event.at < stop) break;
    if (
      (filter.kinds === undefined || filter.kinds.includes(event.kind)) &&
      (version === undefined || event.version === version) &&
      (digest === undefined || event.digest === digest) &&
      (operator === undefined || isBy(operator, event, stored.event)) &&
      (since === undefined || event.at >= since) &&
      (until === undefined || event.at <= until)
    )
      events.push(event);
    if (events.length >= limit) break;
  }
  return events;
}

/** The same; that the ledger cannot be believed is an answer here. */
export async function eventsOrError(
  ledger: Ledger,
  filter: EventFilter,
  options: CallOptions,
): Promise<HistoryEvent[] | FloeError> {
  try {
    return await eventsOf(ledger, filter, options);
  } catch (cause) {
    if (isFloeError(cause) && cause.exitCode === EXIT.integrity) return cause;
    throw cause;
  }
}

function isBy(operator: string, event: HistoryEvent, { actor }: LedgerEvent): boolean {
  return [event.operator, actor.key_id, actor.subject].includes(operator);
}

/** Flattens an event for lists. */
export function flattenEvent(stored: VerifiedEvent): HistoryEvent {
  const { event, hash, authorized, signedBy } = stored;
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
    counts: isEffective(stored),
  };
}

/**
 * Whether an event does what it says. A refusal and a beginning change nothing, whoever wrote them; an outcome that
 * succeeded makes its version current, or it came too late, or without an intent.
 */
function isEffective({ event, authorized }: VerifiedEvent): boolean {
  if (event.kind === "refusal" || event.kind === "genesis") return true;
  if (!authorized) return false;
  if (event.kind !== "outcome" || event.body.result !== "succeeded") return true;
  return event.state.current?.operation === event.operation;
}

function rollbackReason(body: Readonly<Record<string, unknown>>): string | null {
  const reason = (body["rollback"] as { reason?: unknown } | undefined)?.reason;
  return typeof reason === "string" ? reason : null;
}
