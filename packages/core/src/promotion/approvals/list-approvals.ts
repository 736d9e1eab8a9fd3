import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { Digest } from "../../model/digest.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import { selectEnvironments } from "../environments.ts";
import { type Ledgers, unknownPlaces } from "../ledgers.ts";
import { judgeApprovals } from "./judge-approvals.ts";

/** How many of the newest events are searched for promotions that wait for an approval. */
const NEWEST = 64;

/** Where a version stands with the approvals of an environment. */
export interface ApprovalStatus {
  readonly environment: string;
  readonly version: string;
  readonly digest: Digest;
  readonly required: number;
  /** Whose approval counts, whoever runs the promotion. */
  readonly approvedBy: readonly string[];
  readonly deniedBy: readonly string[];
  /** When the first of those that count expires. */
  readonly expiresAt: string | null;
  readonly status: "pending" | "approved" | "denied";
}

/** What is asked for. */
export interface ApprovalsRequest {
  /** Default: all that ask for approvals. */
  readonly environment?: string | undefined;
}

/** Lists what approvers have to decide, or have decided and is not used up yet, in the order of the path. */
export async function listApprovals(
  request: ApprovalsRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ApprovalStatus[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const rows: ApprovalStatus[] = [];
  for (const environment of environments) {
    if (!environment.approvals) continue;
    if (request.environment === undefined && unknownPlaces(manifest, environment).length > 0)
      continue;
    const ledger = ledgers.of(environment);
    const view = await ledger.view(options);
    rows.push(...(await approvalStatuses(ledger, view, context, options)));
  }
  return rows;
}

/** What stands and what is waited for in one environment, the newest first. */
export async function approvalStatuses(
  ledger: Ledger,
  view: LedgerView | null,
  context: Pick<FloeContext, "manifest" | "store">,
  options: CallOptions,
): Promise<ApprovalStatus[]> {
  const { environment } = ledger;
  if (!view || !environment.approvals) return [];
  const asked = await askedFor(ledger, options);
  const now = context.store.now().getTime();
  for (const { digest, version, expires_at: ends } of view.state.approvals.toReversed()) {
    const isOver = ends !== null && Date.parse(ends) <= now;
    if (!isOver && !asked.has(digest)) asked.set(digest, version);
  }
  const rows: ApprovalStatus[] = [];
  for (const [digest, version] of asked) {
    const question = { digest, operator: null, byOthers: false };
    const judged = await judgeApprovals(question, ledger, view, context, options);
    const { required, granted, denials } = judged;
    rows.push({
      environment: environment.name,
      version,
      digest,
      required,
      approvedBy: granted.map(({ by }) => by),
      deniedBy: denials.map(({ by }) => by),
      expiresAt: granted.map(({ expires_at: at }) => at).toSorted()[0] ?? null,
      status: denials.length > 0 ? "denied" : granted.length >= required ? "approved" : "pending",
    });
  }
  return rows;
}

// Promotions that were refused for want of an approval since the digest last came in, as those say whom the manifest knows.
async function askedFor(ledger: Ledger, options: CallOptions): Promise<Map<Digest, string>> {
  const asked = new Map<Digest, string>();
  const done = new Set<Digest>();
  let count = 0;
  for await (const { event, authorized, signedBy } of ledger.readBack(options)) {
    count += 1;
    if (count > NEWEST) break;
    if (event.kind === "outcome" && authorized && event.body.result === "succeeded")
      done.add(event.body.digest);
    if (event.kind !== "refusal" || signedBy === null) continue;
    const { digest, version, blocking } = event.body;
    const waits = blocking.some(({ code }) => code === "FLOE_APPROVAL_REQUIRED");
    if (digest !== null && waits && !done.has(digest) && !asked.has(digest))
      asked.set(digest, version);
  }
  return asked;
}
