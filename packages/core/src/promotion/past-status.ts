import { EXIT, FloeError, isFloeError } from "../errors/index.ts";
import type { LedgerEvent, LedgerState } from "../ledger/event.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { stateAt } from "../ledger/state-at.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { arrivalOf } from "./find-arrival.ts";
import { heldVersions } from "./held-status.ts";
import type { ResolvedArtifact } from "./resolve-artifact.ts";
import {
  type EnvironmentStatus,
  emptyRow,
  type OpenIntentStatus,
  unreadable,
  type VersionStatus,
  withHistory,
} from "./status-row.ts";

/** How much the clock of whoever asks may be ahead of the store's. */
const CLOCK_DIFFERENCE_MS = 300_000;

/** Which past is asked for. */
export interface Past {
  readonly at: Date;
  readonly artifact: ResolvedArtifact | null;
  readonly history: number | undefined;
}

/**
 * What an environment ran at a time, by the events of its ledger; their times are by the store's clock. What no event says
 * is not known of the past: where tags stood, which freeze windows the manifest had, what was still waiting for approvals.
 * @throws {FloeError} FLOE_USAGE_INVALID - the time has not come yet
 */
export async function pastStatus(
  ledger: Ledger,
  past: Past,
  context: FloeContext,
  options: CallOptions,
): Promise<EnvironmentStatus> {
  const { name } = ledger.environment;
  const asOf = past.at.toISOString();
  try {
    const found = await stateAt(ledger, past.at, options);
    refuseFuture(past.at, context.store.now());
    if (!found) return withStatus({ ...emptyRow(name), asOf }, past, "not_promoted");
    const { state } = found;
    const { current, lock, policy } = state;
    const row: EnvironmentStatus = {
      ...emptyRow(name),
      asOf,
      version: current?.version ?? null,
      digest: current?.digest ?? null,
      tag: current ? environmentTag(current.version, name) : null,
      promotedBy: current?.by ?? null,
      promotedAt: current?.at ?? null,
      lock: lock && { reason: lock.reason, lockedBy: lock.by, lockedAt: lock.at },
      held: heldVersions(state),
      overrides: current?.overrides ?? [],
      unmetGates: current?.unmet_gates ?? [],
      adopted: current?.adopted === true,
      policy: policy && {
        policyDigest: policy.policy_digest,
        authorityDigest: policy.authority_digest,
        acceptedBy: policy.by,
        acceptedAt: policy.at,
        matches: null,
      },
      openIntents: await openThen(ledger, state, past.at, options),
      ledger: ledger.mode === "slot" ? "strong" : "advisory",
    };
    const digest = past.artifact?.manifest.descriptor.digest;
    const status = digest && (await versionThen(ledger, state, digest, past.at, options));
    const full = withStatus(row, past, status || "not_promoted");
    if (past.history === undefined) return full;
    return await withHistory(full, ledger, { until: past.at, limit: past.history }, options);
  } catch (cause) {
    if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
    return withStatus({ ...unreadable(name, cause), asOf }, past, null);
  }
}

function withStatus(
  row: EnvironmentStatus,
  { artifact, history }: Past,
  versionStatus: VersionStatus | null,
): EnvironmentStatus {
  return {
    ...row,
    ...(artifact && versionStatus ? { versionStatus } : {}),
    ...(history === undefined ? {} : { history: row.history ?? [] }),
  };
}

function refuseFuture(at: Date, now: Date): void {
  if (at.getTime() <= now.getTime() + CLOCK_DIFFERENCE_MS) return;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${at.toISOString()} has not come yet: by the registry's clock it is ${now.toISOString()}`,
    hint: "Leave --at out for what is there now.",
  });
}

// Whether its run was at work then is told by the lease alone: where it ran says nothing about the past.
async function openThen(
  ledger: Ledger,
  state: LedgerState,
  at: Date,
  options: CallOptions,
): Promise<OpenIntentStatus[]> {
  const rows: OpenIntentStatus[] = [];
  for (const open of state.open_intents) {
    const row = await intentThen(ledger, open, at, options);
    if (row) rows.push(row);
  }
  return rows;
}

async function intentThen(
  ledger: Ledger,
  open: LedgerState["open_intents"][number],
  at: Date,
  options: CallOptions,
): Promise<OpenIntentStatus | null> {
  const found: Extract<LedgerEvent, { kind: "intent" | "reconcile" }>[] = [];
  for (const seq of new Set([open.seq, open.owner_seq]))
    for await (const { event } of ledger.read(seq, seq, options))
      if (
        event.operation === open.operation &&
        (event.kind === "intent" || event.kind === "reconcile")
      )
        found.push(event);
  const [intent] = found;
  const owner = found.at(-1);
  if (intent?.kind !== "intent" || !owner) return null;
  const leaseEnds = new Date(Date.parse(owner.at) + owner.body.lease.seconds * 1000);
  const { action, version } = intent.body;
  return {
    ...{ operation: open.operation, action, version },
    ...{ state: leaseEnds > at ? "live" : "abandoned", leaseEnds: leaseEnds.toISOString() },
  };
}

async function versionThen(
  ledger: Ledger,
  state: LedgerState,
  digest: Digest,
  at: Date,
  options: CallOptions,
): Promise<VersionStatus> {
  if (state.open_intents.some((open) => open.digest === digest)) return "pending";
  if (state.current?.digest === digest) return "promoted";
  if (state.holds.some((hold) => hold.kind === "rollback" && hold.digest === digest))
    return "rolled_back";
  const until = at.toISOString();
  for await (const stored of ledger.readBack(options)) {
    const arrival = stored.event.at <= until ? arrivalOf(stored) : null;
    if (arrival?.digest === digest) return "superseded";
  }
  return "not_promoted";
}
