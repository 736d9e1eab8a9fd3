import { type FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { ApprovalStatus } from "./approvals/list-approvals.ts";
import type { HeldStatus, NextFreeze } from "./held-status.ts";
import { type EventFilter, eventsOrError, type HistoryEvent } from "./history.ts";
import { type Reason, reason } from "./reason.ts";
import type { UnmetGate } from "./unmet-gates.ts";

/** Where a version stands in an environment. */
export type VersionStatus = "not_promoted" | "pending" | "promoted" | "superseded" | "rolled_back";

/** An operation that is not finished. */
export interface OpenIntentStatus {
  readonly operation: string;
  readonly action: string;
  readonly version: string;
  /** `live`: its run may still be at work; `abandoned`: it is gone. */
  readonly state: "live" | "abandoned";
  readonly leaseEnds: string;
}

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
  /** Optional gates that did not pass for what runs there. */
  readonly unmetGates: readonly UnmetGate[];
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
    /** `null`: not known of the past. */
    readonly matches: boolean | null;
  } | null;
  /** Operations that are not finished, oldest first; several only where the registry cannot keep writers apart. */
  readonly openIntents: readonly OpenIntentStatus[];
  /** What `latest-ENV` holds instead of what the ledger says; `null` when they agree. */
  readonly drift: { readonly expected: Digest | null; readonly actual: Digest | null } | null;
  /** `advisory`: the registry cannot serialise writers. `unreadable`: it cannot be believed; see `findings`. */
  readonly ledger: "strong" | "advisory" | "none" | "unreadable";
  /** What is wrong with the ledger, or was written to it by somebody who may not. */
  readonly findings: readonly Reason[];
  readonly versionStatus?: VersionStatus;
  /** Newest first; only where it was asked for. */
  readonly history?: readonly HistoryEvent[];
  /** Only where the past was asked for: the time that this row is about. */
  readonly asOf?: string;
}

/** The row of an environment of which nothing is known, or in which nothing has happened. */
export function emptyRow(environment: string): EnvironmentStatus {
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
    unmetGates: [],
    adopted: false,
    pendingApprovals: [],
    policy: null,
    openIntents: [],
    drift: null,
    ledger: "none",
    findings: [],
  };
}

/** The row of an environment whose ledger cannot be believed. */
export function unreadable(environment: string, problem: FloeError): EnvironmentStatus {
  const { code, message, hint } = problem;
  return {
    ...emptyRow(environment),
    ledger: "unreadable",
    findings: [reason(code, message, hint)],
  };
}

/** Adds the events of an environment to its row; a ledger that cannot be read whole is a finding. */
export async function withHistory(
  row: EnvironmentStatus,
  ledger: Ledger,
  filter: EventFilter,
  options: CallOptions,
): Promise<EnvironmentStatus> {
  if (row.ledger === "unreadable") return { ...row, history: [] };
  const read = await eventsOrError(ledger, filter, options);
  if (!isFloeError(read)) return { ...row, history: read };
  const { code, message, hint } = read;
  return { ...row, history: [], findings: [...row.findings, reason(code, message, hint)] };
}
