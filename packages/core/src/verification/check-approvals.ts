import type { EventActor } from "../ledger/event.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { authorityDigest } from "../manifest/policy-digests.ts";
import { isSamePerson, isValidAt } from "../model/identity.ts";
import { isExempt } from "../promotion/checks/check-separation.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import type { Check, Checks } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { Entry } from "./find-way-in.ts";
import type { ResolvedPolicy } from "./read-policy.ts";

/** What the approvals of a promotion are judged by. */
interface ApprovalEvidence {
  /** The events that the promotion's intent goes by, oldest first. */
  readonly before: readonly VerifiedEvent[];
  readonly environment: EnvironmentConfig;
  readonly manifest: Manifest;
}

/**
 * Checks that a promotion had the approvals that the policy asked for then, and that nobody's denial stood. The operator's word
 * is not taken for it: all that was said of the artifact before is looked up, each signed by somebody whom the manifest of
 * today still has in the policy's groups. Who leaves stays there, with `revoked_at`.
 */
export function checkApprovals(
  promotion: Entry,
  record: VerifiedRecord,
  { approvals: rule }: ResolvedPolicy,
  { before, environment, manifest }: ApprovalEvidence,
  checks: Checks,
): Check {
  if (!rule) return checks.ok("approvals", "none was required");
  const override = overridesOf(record).find(({ kind }) => kind === "approval");
  if (override)
    return checks.warning(
      "approvals",
      `the policy required ${rule.required}, and ${override.by} let it pass (${override.reason})`,
      "Whether they might is the check of overrides.",
    );
  const { event } = promotion.intent;
  const { digest, policy_digest: policyDigest } = event.body;
  const given = new Map<string, VerifiedEvent>();
  for (const found of before) note(found, digest, given);
  const groups = rule.from_groups ?? [];
  const members = new Set(groups.flatMap((group) => manifest.groups[group] ?? []));
  const byOthers = isExempt(event.actor, environment);
  const people: EventActor[] = [];
  const names: string[] = [];
  const discounted: string[] = [];
  const denied: string[] = [];
  for (const [by, { event: approval }] of given) {
    if (approval.kind === "denial" && members.has(by) && isStill(by, event.at, manifest))
      denied.push(by);
    if (approval.kind !== "approval") continue;
    const { policy_digest } = approval.body;
    const own = isSamePerson(approval.actor, event.actor, manifest);
    const why = !members.has(by)
      ? `not in ${groups.join(" or ") || "any group"} by the manifest of today`
      : policy_digest !== policyDigest
        ? "given under another policy"
        : isOver(approval, rule.expires_hours, event.at)
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
  if (denied.length > 0) {
    const summary = `${denied.join(", ")} had denied it, and not taken that back`;
    // Under another authority they may not have been among those who approve.
    return event.authority_digest === authorityDigest(environment)
      ? checks.failed(
          "approvals",
          "FLOE_VERIFY_UNTRUSTED",
          summary,
          "Somebody has promoted with a changed floe. Find out who, and ask who denied it.",
        )
      : checks.warning("approvals", summary, "Ask them, or have it approved and promote it again.");
  }
  if (names.length >= rule.required)
    return checks.ok(
      "approvals",
      names.length === 0 ? "none was required" : `approved by ${names.join(", ")}`,
    );
  const not = discounted.length === 0 ? "" : `; not counted: ${discounted.join(", ")}`;
  return checks.failed(
    "approvals",
    "FLOE_VERIFY_UNTRUSTED",
    `the policy required ${rule.required} approvals, and ${names.length === 0 ? "none was" : `only those of ${names.join(", ")} were`} in force${not}`,
    "Have it approved, and promote it again (--force). People who leave stay in their group, with revoked_at.",
  );
}

function isStill(name: string, at: string, { identities }: Manifest): boolean {
  return identities.some((one) => one.name === name && isValidAt(one, new Date(at)));
}

// How long an approval counts is the policy's to say; its author may only have said less.
function isOver(
  { at, body }: { readonly at: string; readonly body: { readonly expires_at: string | null } },
  hours: number | undefined,
  when: string,
): boolean {
  const longest = hours === undefined ? Number.POSITIVE_INFINITY : hours * 3_600_000;
  const moment = Date.parse(when);
  return (
    moment >= Date.parse(at) + longest ||
    (body.expires_at !== null && moment >= Date.parse(body.expires_at))
  );
}

// Somebody has one opinion of an artifact at a time. A stranger has none, whoever went by what they wrote. A promotion uses
// approvals up; a denial stands until it is taken back.
function note(stored: VerifiedEvent, digest: string, given: Map<string, VerifiedEvent>): void {
  const { event, signedBy, authorized } = stored;
  if (event.kind === "outcome") {
    if (authorized && event.body.result === "succeeded" && event.body.digest === digest)
      for (const [by, one] of given) if (one.event.kind === "approval") given.delete(by);
    return;
  }
  if (event.kind !== "approval" && event.kind !== "denial" && event.kind !== "withdrawal") return;
  if (event.body.digest !== digest) return;
  const by = signedBy ?? nameOf(event.actor);
  if (event.kind === "withdrawal") {
    if (given.get(by)?.event.kind === event.body.of) given.delete(by);
  } else {
    given.delete(by);
    given.set(by, stored);
  }
}

// Shown as what it is; no name of the manifest looks like this.
function nameOf({ subject, key_id: key }: EventActor): string {
  return `the stranger ${subject ?? key ?? "without a key"}`;
}
