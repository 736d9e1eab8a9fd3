import { checkApprovals } from "./check-approvals.ts";
import { checkFreeze } from "./check-freeze.ts";
import { checkHolds } from "./check-holds.ts";
import { checkLock } from "./check-lock.ts";
import { pinReasons } from "./check-pin.ts";
import { checkSeparation } from "./check-separation.ts";
import { checkSoak } from "./check-soak.ts";
import { checkSources } from "./check-sources.ts";
import { checkTargetTag } from "./check-target-tag.ts";
import { unsupportedReasons } from "./check-unsupported.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/**
 * The static checks of a promotion but the signature policy, in the documented order: the exit code of a refusal is that of
 * the first reason. All of them are made, so that everything that stands in the way is named at once.
 */
export const PROMOTION_CHECKS: readonly PromotionCheck[] = [
  ({ target }, { manifest }) => unsupportedReasons(manifest, target),
  ({ transition }) => (transition ? [transition] : []),
  checkSources,
  checkTargetTag,
  checkHolds,
  checkLock,
  checkFreeze,
  ({ target, view }) => pinReasons(target, view),
  ({ judged }) => (judged.problem ? [judged.problem] : []),
  checkSeparation,
  checkSoak,
  checkApprovals,
];
