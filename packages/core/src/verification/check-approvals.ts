import { actorName } from "../ledger/fold-state.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { CallOptions } from "../ports/index.ts";
import type { Check, Checks } from "./check.ts";
import type { Entry } from "./find-way-in.ts";
import type { ResolvedPolicy } from "./read-policy.ts";

/**
 * Checks that a promotion had the approvals that the policy asked for then. The operator's word is not taken for it: the
 * approvals that the intent's state names are looked up in the ledger, each signed by its author.
 */
export async function checkApprovals(
  promotion: Entry,
  { approvals: rule }: ResolvedPolicy,
  ledger: Ledger,
  checks: Checks,
  options: CallOptions,
): Promise<Check> {
  if (!rule || rule.required === 0) return checks.ok("approvals", "none was required");
  const { event } = promotion.intent;
  const { digest, policy_digest: policyDigest } = event.body;
  const operator = event.actor;
  const seqs = event.state.approvals
    .filter((claimed) => claimed.digest === digest)
    .map(({ seq }) => seq);
  // Spent and withdrawn ones are found by going through what happened since, whatever the state says.
  const by = new Set<string>();
  if (seqs.length > 0)
    for await (const found of ledger.read(Math.min(...seqs), event.seq - 1, options)) {
      const given = found.event;
      if (!found.authorized) continue;
      if (given.kind === "outcome" && given.body.result === "succeeded") {
        if (given.body.digest === digest) by.clear();
        continue;
      }
      if (given.kind !== "approval" && given.kind !== "denial" && given.kind !== "withdrawal")
        continue;
      if (given.body.digest !== digest) continue;
      const { actor } = given;
      by.delete(actorName(actor));
      if (given.kind !== "approval") continue;
      const { policy_digest, expires_at } = given.body;
      const inTime = expires_at === null || expires_at > event.at;
      const own = actor.key_id === operator.key_id && actor.subject === operator.subject;
      if (policy_digest === policyDigest && inTime && (rule.self_approval || !own))
        by.add(actorName(actor));
    }
  const names = [...by].join(", ");
  if (by.size >= rule.required) return checks.ok("approvals", `approved by ${names}`);
  return checks.failed(
    "approvals",
    "FLOE_VERIFY_UNTRUSTED",
    `the policy required ${rule.required} approvals, and ${by.size === 0 ? "none was" : `only those of ${names} were`} in force`,
    "Have it approved, and promote it again (--force).",
  );
}
