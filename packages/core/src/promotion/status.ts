import { isFloeError } from "../errors/index.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { otherPin } from "../ledger/pinned-policy.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { ApprovalStatus } from "./approvals/list-approvals.ts";
import { at, type FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { selectEnvironments } from "./environments.ts";
import { readFreezes } from "./freezes.ts";
import { heldByFreezes, heldBySoak, heldVersions, nextFreeze } from "./held-status.ts";
import type { Ledgers } from "./ledgers.ts";
import { openIntents } from "./open-intent.ts";
import { readViewOrError } from "./read-view-or-error.ts";
import { type Reason, reason } from "./reason.ts";
import { parseVersionArgument, resolveArtifact } from "./resolve-artifact.ts";
import {
  type EnvironmentStatus,
  unreadable,
  type VersionStatus,
  withHistory,
} from "./status-row.ts";

/** What `floe status` asks for. */
export interface StatusRequest {
  /** Default: all environments. */
  readonly environment?: string | undefined;
  /** Adds where this version stands in each environment. */
  readonly version?: string | undefined;
  /** Adds the newest events of each environment, at most so many. */
  readonly history?: number | undefined;
  /** What was there at this time, instead of now. */
  readonly at?: Date | undefined;
}

/**
 * Reads what every environment runs, in promotion order. A ledger that cannot be believed is a finding of its own
 * environment and does not hide the others.
 */
export async function status(
  request: StatusRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<EnvironmentStatus[]> {
  const { manifest } = given;
  const environments = selectEnvironments(manifest, request.environment);
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, manifest);
  const artifact = wanted ? await resolveArtifact(given.store, manifest, wanted, options) : null;
  if (request.at) {
    const { pastStatus } = await import("./past-status.ts");
    const past = { at: request.at, artifact, history: request.history };
    const rows = environments.map((environment) => ledgers.of(environment));
    return await Promise.all(
      rows.map((ledger) => pastStatus(ledger, past, at(given, ledger.environment), options)),
    );
  }
  const rows = await Promise.all(
    environments.map(async (environment): Promise<EnvironmentStatus> => {
      const context = at(given, environment);
      const { store } = context;
      const ledger = ledgers.of(environment);
      const read = await readViewOrError(ledger, options);
      if (isFloeError(read)) return unreadable(environment.name, read);
      const view = read;
      const frozen = await readFreezes(environment, store.now());
      const current = view?.state.current ?? null;
      const [moving, immutable] = await Promise.all([
        store.resolve(latestTag(environment.name), options),
        current && store.resolve(environmentTag(current.version, environment.name), options),
      ]);
      const latest = moving?.digest ?? null;
      const open = view ? await openIntents(ledger, view, context, options) : [];
      const expected = current?.digest ?? null;
      // While an operation is open the tag may be ahead of the ledger; that is not drift.
      const drift =
        latest === expected || open.some(({ body }) => latest === body.digest)
          ? null
          : { expected, actual: latest };
      const row: EnvironmentStatus = {
        environment: environment.name,
        version: current?.version ?? null,
        digest: expected,
        tag: current ? environmentTag(current.version, environment.name) : null,
        promotedBy: current?.by ?? null,
        promotedAt: current?.at ?? null,
        lock: view?.state.lock
          ? {
              reason: view.state.lock.reason,
              lockedBy: view.state.lock.by,
              lockedAt: view.state.lock.at,
            }
          : null,
        held: [
          ...heldByFreezes(frozen),
          ...heldVersions(view?.state),
          ...(await heldBySoak(environment, artifact, context, ledgers, options)),
        ],
        nextFreeze: nextFreeze(frozen),
        overrides: current?.overrides ?? [],
        unmetGates: current?.unmet_gates ?? [],
        adopted: current?.adopted === true,
        pendingApprovals: await pendingApprovals(ledger, view, context, options),
        policy: pinOf(environment, view),
        openIntents: open.map(({ operation, body, state, leaseEnds }) => ({
          ...{ operation, action: body.action, version: body.version },
          ...{ state, leaseEnds: leaseEnds.toISOString() },
        })),
        drift,
        ledger: !view ? "none" : ledger.mode === "slot" ? "strong" : "advisory",
        findings: [
          ...disregarded(environment.name, view),
          ...overlapFindings(environment.name, current),
          ...driftFindings(environment.name, drift, current, immutable?.digest ?? null),
        ],
      };
      if (!artifact) return row;
      const { digest } = artifact.manifest.descriptor;
      const tag = await store.resolve(environmentTag(artifact.version, environment.name), options);
      const held =
        view?.state.holds.some((hold) => hold.digest === digest && hold.kind === "rollback") ===
        true;
      const versionStatus: VersionStatus = open.some(({ body }) => body.digest === digest)
        ? "pending"
        : expected === digest
          ? "promoted"
          : row.pendingApprovals.some((waiting) => waiting.digest === digest)
            ? "pending"
            : held
              ? "rolled_back"
              : tag?.digest === digest
                ? "superseded"
                : "not_promoted";
      return { ...row, versionStatus };
    }),
  );
  const { history } = request;
  if (history === undefined) return rows;
  return await Promise.all(
    rows.map(
      async (row, index): Promise<EnvironmentStatus> =>
        await withHistory(
          row,
          ledgers.of(environments[index] as EnvironmentConfig),
          { limit: history },
          options,
        ),
    ),
  );
}

async function pendingApprovals(
  ledger: Ledger,
  view: LedgerView | null,
  context: FloeContext,
  options: CallOptions,
): Promise<ApprovalStatus[]> {
  if (!ledger.environment.approvals) return [];
  const { approvalStatuses } = await import("./approvals/list-approvals.ts");
  const all = await approvalStatuses(ledger, view, context, options);
  return all.filter(({ status }) => status === "pending");
}

function pinOf(
  environment: EnvironmentConfig,
  view: LedgerView | null,
): EnvironmentStatus["policy"] {
  const pinned = view?.state.policy;
  if (!pinned) return null;
  return {
    policyDigest: pinned.policy_digest,
    authorityDigest: pinned.authority_digest,
    acceptedBy: pinned.by,
    acceptedAt: pinned.at,
    matches: otherPin(environment, view) === null,
  };
}

function overlapFindings(
  environment: string,
  current: NonNullable<LedgerView["state"]["current"]> | null,
): Reason[] {
  if (current?.overlaps === undefined) return [];
  return [
    reason(
      "FLOE_LEDGER_DRIFT",
      `two operations ran at once in ${environment}: ${current.operation}, which brought ${current.version}, and ${current.overlaps}`,
      `The registry cannot keep writers apart (floe doctor). Check what ${latestTag(environment)} should hold, with floe audit verify and floe audit drift; the next promotion or rollback clears this.`,
    ),
  ];
}

function driftFindings(
  environment: string,
  drift: EnvironmentStatus["drift"],
  current: NonNullable<LedgerView["state"]["current"]> | null,
  immutable: Digest | null,
): Reason[] {
  const found: Reason[] = [];
  const moved = (tag: string, holds: Digest | null, expected: Digest | null): Reason =>
    reason(
      "FLOE_LEDGER_DRIFT",
      `${tag} holds ${holds ?? "nothing"}, by the ledger it is ${expected ?? "nothing"}: somebody moved it without floe`,
      "Find out who. The next promotion or rollback moves latest tags on; others have to be set back by hand.",
    );
  if (drift) found.push(moved(latestTag(environment), drift.actual, drift.expected));
  if (current && immutable !== current.digest)
    found.push(moved(environmentTag(current.version, environment), immutable, current.digest));
  return found;
}
