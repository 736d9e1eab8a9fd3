import { type FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { otherPin } from "../ledger/pinned-policy.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { ApprovalStatus } from "./approvals/list-approvals.ts";
import type { FloeContext } from "./context.ts";
import { disregarded } from "./disregarded.ts";
import { findEnvironment } from "./environments.ts";
import { readFreezes } from "./freezes.ts";
import {
  type HeldStatus,
  heldByFreezes,
  heldBySoak,
  heldVersions,
  type NextFreeze,
  nextFreeze,
} from "./held-status.ts";
import type { Ledgers } from "./ledgers.ts";
import { openIntents } from "./open-intent.ts";
import { readViewOrError } from "./read-view-or-error.ts";
import { type Reason, reason } from "./reason.ts";
import { parseVersionArgument, resolveArtifact } from "./resolve-artifact.ts";

/** What `floe status` asks for. */
export interface StatusRequest {
  /** Default: all environments. */
  readonly environment?: string | undefined;
  /** Adds where this version stands in each environment. */
  readonly version?: string | undefined;
}

/** Where a version stands in an environment. */
export type VersionStatus = "not_promoted" | "pending" | "promoted" | "superseded" | "rolled_back";

/** One row of the board. */
export interface EnvironmentStatus {
  readonly environment: string;
  readonly version: string | null;
  readonly digest: Digest | null;
  readonly tag: string | null;
  readonly promotedBy: string | null;
  readonly promotedAt: string | null;
  readonly lock: {
    readonly reason: string;
    readonly lockedBy: string;
    readonly lockedAt: string;
  } | null;
  /** What keeps versions out: freeze windows that are closed, what is held, and what has to stay in an earlier environment. */
  readonly held: readonly HeldStatus[];
  /** The next freeze window that closes. */
  readonly nextFreeze: NextFreeze | null;
  /** What was overridden to bring there what runs there. */
  readonly overrides: readonly {
    readonly kind: string;
    readonly reason: string;
    readonly by: string;
  }[];
  /** What runs there was there before floe, or was put there without: no gate was run. */
  readonly adopted: boolean;
  /** Versions that wait for approvals there. */
  readonly pendingApprovals: readonly ApprovalStatus[];
  /** What the environment is pinned to, and whether the manifest is that; `null`: to nothing. */
  readonly policy: {
    readonly policyDigest: Digest;
    readonly authorityDigest: Digest;
    readonly acceptedBy: string;
    readonly acceptedAt: string;
    readonly matches: boolean;
  } | null;
  readonly openIntent: {
    readonly operation: string;
    readonly action: string;
    readonly version: string;
    readonly state: "live" | "abandoned";
    readonly leaseEnds: string;
  } | null;
  /** What `latest-ENV` holds instead of what the ledger says; `null` when they agree. */
  readonly drift: { readonly expected: Digest | null; readonly actual: Digest | null } | null;
  /** `advisory`: the registry cannot serialise writers. `unreadable`: it cannot be believed; see `findings`. */
  readonly ledger: "strong" | "advisory" | "none" | "unreadable";
  /** What is wrong with the ledger, or was written to it by somebody who may not. */
  readonly findings: readonly Reason[];
  readonly versionStatus?: VersionStatus;
}

/**
 * Reads what every environment runs, in promotion order. A ledger that cannot be believed is a finding of its own
 * environment and does not hide the others.
 */
export async function status(
  request: StatusRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<EnvironmentStatus[]> {
  const { manifest, store } = context;
  const environments =
    request.environment === undefined
      ? manifest.environments
      : [findEnvironment(manifest, request.environment)];
  const wanted =
    request.version === undefined ? null : parseVersionArgument(request.version, manifest);
  const artifact = wanted ? await resolveArtifact(store, manifest, wanted, options) : null;
  return await Promise.all(
    environments.map(async (environment): Promise<EnvironmentStatus> => {
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
      const open = view ? ((await openIntents(ledger, view, context, options))[0] ?? null) : null;
      const expected = current?.digest ?? null;
      // While an operation is open the tag may be ahead of the ledger; that is not drift.
      const drift =
        latest === expected || (open !== null && latest === open.body.digest)
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
          ...heldVersions(view),
          ...(await heldBySoak(environment, artifact, context, ledgers, options)),
        ],
        nextFreeze: nextFreeze(frozen),
        overrides: current?.overrides ?? [],
        adopted: current?.adopted === true,
        pendingApprovals: await pendingApprovals(ledger, view, context, options),
        policy: pinOf(environment, view),
        openIntent: open
          ? {
              operation: open.operation,
              action: open.body.action,
              version: open.body.version,
              state: open.state,
              leaseEnds: open.leaseEnds.toISOString(),
            }
          : null,
        drift,
        ledger: !view ? "none" : ledger.mode === "slot" ? "strong" : "advisory",
        findings: [
          ...disregarded(environment.name, view),
          ...driftFindings(environment.name, drift, current, immutable?.digest ?? null),
        ],
      };
      if (!artifact) return row;
      const { digest } = artifact.manifest.descriptor;
      const tag = await store.resolve(environmentTag(artifact.version, environment.name), options);
      const held =
        view?.state.holds.some((hold) => hold.digest === digest && hold.kind === "rollback") ===
        true;
      const versionStatus: VersionStatus =
        open?.body.digest === digest
          ? "pending"
          : expected === digest
            ? "promoted"
            : held
              ? "rolled_back"
              : tag?.digest === digest
                ? "superseded"
                : "not_promoted";
      return { ...row, versionStatus };
    }),
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

function unreadable(environment: string, { code, message, hint }: FloeError): EnvironmentStatus {
  return {
    environment,
    version: null,
    digest: null,
    tag: null,
    promotedBy: null,
    promotedAt: null,
    lock: null,
    held: [],
    nextFreeze: null,
    overrides: [],
    adopted: false,
    pendingApprovals: [],
    policy: null,
    openIntent: null,
    drift: null,
    ledger: "unreadable",
    findings: [reason(code, message, hint)],
  };
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
