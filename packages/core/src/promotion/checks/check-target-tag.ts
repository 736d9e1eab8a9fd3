import { reason } from "../reason.ts";
import { holdsOn } from "./check-holds.ts";
import type { PromotionCheck, PromotionFacts } from "./promotion-check.ts";

/** The environment tag is free, or this very promotion has written it. */
export const checkTargetTag: PromotionCheck = (facts) => {
  const { artifact, target, force, resumes } = facts;
  const { tag, there, before } = facts.standing;
  const { digest } = artifact.manifest.descriptor;
  if (there === null) return [];
  if (there !== digest) {
    return [
      reason(
        "FLOE_TARGET_TAG_EXISTS",
        `${tag} holds ${there}, not ${digest}`,
        "An environment tag never moves. Publish the new content under a new version.",
      ),
    ];
  }
  if (force || resumes) return [];
  const now = before === digest ? "and is what runs there" : "though it is not what runs there now";
  return [
    reason(
      "FLOE_TARGET_TAG_EXISTS",
      `${artifact.version} is already in ${target.name}, ${now}`,
      wayOn(facts),
    ),
  ];
};

function wayOn({ artifact, target, view, standing }: PromotionFacts): string {
  const { digest } = artifact.manifest.descriptor;
  if (standing.before === digest)
    return "Nothing to do. In scripts, --if-needed makes this a success.";
  if (holdsOn(digest, view).length > 0)
    return `It is held there. When the reason is gone: floe platform unquarantine ${artifact.version} --env ${target.name} --reason …, then promote it with --force.`;
  return `To make ${target.name} run it again, use --force; every check is made again.`;
}
