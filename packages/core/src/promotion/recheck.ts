import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import { otherPin } from "../ledger/pinned-policy.ts";
import { latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import { approvalQuestion } from "./approvals/approval-question.ts";
import { judgeApprovals } from "./approvals/judge-approvals.ts";
import type { FloeContext } from "./context.ts";
import { frozenSince } from "./freezes.ts";
import { observe } from "./observe.ts";
import type { OperationPlan } from "./operation.ts";

/** Says what of a ledger's state has changed that a plan rests on; `null`: nothing. */
export function changedSince(plan: OperationPlan, view: LedgerView): string | null {
  const now = observe(view);
  if (now.lock !== plan.observed.lock)
    return `${plan.target.name} was locked or unlocked meanwhile`;
  if (now.holds !== plan.observed.holds) return "a hold was set or lifted meanwhile";
  if (now.currentOperation !== plan.observed.currentOperation)
    return `${plan.target.name} was changed meanwhile`;
  if (otherPin(plan.target, view))
    return `another policy was accepted for ${plan.target.name} meanwhile`;
  return null;
}

/** Says whether an open operation is still that of who holds the lease by the event at `ownerSeq`. */
export function isOurs(view: LedgerView, operation: string, ownerSeq: number): boolean {
  return view.state.open_intents.some(
    (open) => open.operation === operation && open.owner_seq === ownerSeq,
  );
}

/**
 * Looks whether the ledger lets a plan go on: locks, holds, denials and withdrawals may be appended beside an open intent.
 * Says what makes the plan stale; `null`: it still holds.
 */
export async function recheckLedger(
  plan: OperationPlan,
  view: LedgerView,
  held: { readonly ownerSeq: number; readonly leaseEnds: number },
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<string | null> {
  if (!isOurs(view, plan.operation, held.ownerSeq)) return "somebody else finishes this operation";
  const changed =
    changedSince(plan, view) ??
    (await frozenSince(plan, context.store.now())) ??
    (await approvalsLost(plan, view, ledger, context, options));
  if (changed !== null) return changed;
  return context.store.now().getTime() < held.leaseEnds
    ? null
    : "the lease ran out before the commit";
}

/** The last look, right before the commit: at the ledger, then at what the environment runs. */
export async function recheck(
  plan: OperationPlan,
  view: LedgerView,
  held: { readonly ownerSeq: number; readonly leaseEnds: number },
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<string | null> {
  const changed = await recheckLedger(plan, view, held, ledger, context, options);
  if (changed !== null) return changed;
  const latest = await context.store.resolve(latestTag(plan.target.name), options);
  if ((latest?.digest ?? null) !== plan.before)
    return `${latestTag(plan.target.name)} was moved without floe meanwhile`;
  return null;
}

// One more approval than the plan knew is no reason to judge again; one less is, and so is a denial.
async function approvalsLost(
  { action, artifact, operator, target, approvals }: OperationPlan,
  view: LedgerView,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<string | null> {
  if (action !== "promote" || !target.approvals) return null;
  const { digest } = artifact.manifest.descriptor;
  const question = approvalQuestion(digest, operator?.actor ?? null, target);
  const now = await judgeApprovals(question, ledger, view, context, options);
  const seen = new Set(approvals.denials.map(({ seq }) => seq));
  const denial = now.denials.find(({ seq }) => !seen.has(seq));
  if (denial) return `${denial.by} denied ${artifact.version} meanwhile`;
  const counts = new Set(now.granted.map(({ event }) => event));
  const lost = approvals.granted.find(({ event }) => !counts.has(event));
  return lost ? `the approval by ${lost.by} does not count any more` : null;
}
