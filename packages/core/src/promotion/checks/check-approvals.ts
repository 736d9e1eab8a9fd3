import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { ApprovalJudgement, StandingDenial } from "../approvals/judge-approvals.ts";
import { type Reason, reason } from "../reason.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** Enough people have approved the artifact, and nobody denies it. */
export const checkApprovals: PromotionCheck = ({ artifact, target, approvals }) =>
  approvalReasons(artifact.version, target, approvals);

// What is missing of the approvals that an environment asks for.
function approvalReasons(
  version: string,
  { name: environment, approvals: rule }: Pick<EnvironmentConfig, "name" | "approvals">,
  { required, granted, denials, discounted }: ApprovalJudgement,
): Reason[] {
  const reasons = denials.map((denial) => deniedReason(version, environment, denial));
  if (granted.length >= required) return reasons;
  const groups = (rule?.fromGroups ?? []).join(" or ");
  const have = granted.length === 0 ? "none" : granted.map(({ by }) => by).join(", ");
  const not = discounted.length === 0 ? "" : `; not counted: ${discounted.join(", ")}`;
  const people = required === 1 ? "1 approval" : `approvals of ${required} people`;
  return [
    ...reasons,
    reason(
      "FLOE_APPROVAL_REQUIRED",
      `${environment} needs ${people} from group ${groups}; ${version} has ${have}${not}`,
      `Have it approved, then run this again: floe platform approve ${version} --env ${environment}`,
      { override: "approval" },
    ),
  ];
}

/** The refusal of what somebody has denied. */
export function deniedReason(
  version: string,
  environment: string,
  { by, at, reason: why }: StandingDenial,
): Reason {
  return reason(
    "FLOE_APPROVAL_DENIED",
    `${by} denied ${version} for ${environment} at ${at}${why === null ? "" : `: ${why}`}`,
    `It stands until ${by} takes it back: floe platform deny ${version} --env ${environment} --withdraw`,
    { override: "approval" },
  );
}

/** Says whether nothing but missing approvals stands in the way: then the gates run all the same, so that approvers see what they say. */
export function onlyApprovalsMissing(reasons: readonly Reason[]): boolean {
  return reasons.every(({ code }) => code === "FLOE_APPROVAL_REQUIRED");
}
