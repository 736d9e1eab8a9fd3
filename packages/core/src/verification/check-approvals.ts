import type { EventActor } from "../ledger/event.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isSamePerson } from "../model/identity.ts";
import type { CallOptions } from "../ports/index.ts";
import { isExempt } from "../promotion/checks/check-separation.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { Entry } from "./find-way-in.ts";
import type { ResolvedPolicy } from "./read-policy.ts";

/**
 * Checks that a promotion had the approvals that the policy asked for then. The operator's word is not taken for it, nor
 * that the ledger went on from them: the approvals that the intent's state names are looked up, each signed by somebody
 * whom the manifest of today still has in the policy's groups. Who leaves stays there, with `revoked_at`.
 */
export async function checkApprovals(
  promotion: Entry,
  record: VerifiedRecord,
  { approvals: rule }: ResolvedPolicy,
  { ledger, manifest }: { readonly ledger: Ledger; readonly manifest: Manifest },
  checks: Checks,
  options: CallOptions,
): Promise<Check> {
  if (!rule || rule.required === 0) return checks.ok("approvals", "none was required");
  const override = overridesOf(record).find(({ kind }) => kind === "approval");
  if (override)
    return checks.warning(
      "approvals",
      `the policy required ${rule.required}, and ${override.by} let it pass (${override.reason})`,
      "Whether they might is the check of overrides.",
    );
  const { event } = promotion.intent;
  const { digest, policy_digest: policyDigest } = event.body;
  const seqs = event.state.approvals
    .filter((claimed) => claimed.digest === digest)
    .map(({ seq }) => seq);
  // Spent and withdrawn ones are found by going through what happened since, whatever the state says.
  const given = new Map<string, VerifiedEvent>();
  if (seqs.length > 0)
    for await (const found of ledger.read(Math.min(...seqs), event.seq - 1, options))
      note(found, digest, given);
  const groups = rule.from_groups ?? [];
  const members = new Set(groups.flatMap((group) => manifest.groups[group] ?? []));
  const byOthers = isExempt(event.actor, ledger.environment);
  const people: EventActor[] = [];
  const names: string[] = [];
  const discounted: string[] = [];
  for (const [by, { event: approval }] of given) {
    if (approval.kind !== "approval") continue;
    const { policy_digest, expires_at } = approval.body;
    const own = isSamePerson(approval.actor, event.actor, manifest);
    const why = !members.has(by)
      ? `not in ${groups.join(" or ") || "any group"} by the manifest of today`
      : policy_digest !== policyDigest
        ? "given under another policy"
        : expires_at !== null && expires_at <= event.at
          ? "expired"
          : own && (byOthers || !rule.self_approval)
            ? "who promoted it"
            : people.some((person) => isSamePerson(person, approval.actor, manifest))
              ? "the same person as another"
              : null;
    if (why === null) {
      people.push(approval.actor);
      names.push(by);
    } else discounted.push(`${by} (${why})`);
  }
  if (names.length >= rule.required)
    return checks.ok("approvals", `approved by ${names.join(", ")}`);
  const not = discounted.length === 0 ? "" : `; not counted: ${discounted.join(", ")}`;
  return checks.failed(
    "approvals",
    "FLOE_VERIFY_UNTRUSTED",
    `the policy required ${rule.required} approvals, and ${names.length === 0 ? "none was" : `only those of ${names.join(", ")} were`} in force${not}`,
    "Have it approved, and promote it again (--force). People who leave stay in their group, with revoked_at.",
  );
}

// Somebody has one opinion of an artifact at a time. A stranger has none, whoever went by what they wrote.
function note(
  { event, signedBy, ...rest }: VerifiedEvent,
  digest: string,
  given: Map<string, VerifiedEvent>,
): void {
  if (event.kind === "outcome") {
    if (rest.authorized && event.body.result === "succeeded" && event.body.digest === digest)
      given.clear();
    return;
  }
  if (event.kind !== "approval" && event.kind !== "denial" && event.kind !== "withdrawal") return;
  if (event.body.digest !== digest) return;
  const by = signedBy ?? nameOf(event.actor);
  given.delete(by);
  if (event.kind !== "withdrawal") given.set(by, { event, signedBy, ...rest });
}

// Shown as what it is; no name of the manifest looks like this.
function nameOf({ subject, key_id: key }: EventActor): string {
  return `the stranger ${subject ?? key ?? "without a key"}`;
}
