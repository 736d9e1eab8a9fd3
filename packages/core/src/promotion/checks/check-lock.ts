import { type Reason, reason } from "../reason.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** The environment is not locked by hand. */
export const checkLock: PromotionCheck = ({ view, target }) => {
  const lock = view?.state.lock;
  return lock ? [lockReason(target.name, lock)] : [];
};

/** The refusal of a locked environment. */
export function lockReason(
  environment: string,
  lock: { readonly by: string; readonly at: string; readonly reason: string },
): Reason {
  return reason(
    "FLOE_ENVIRONMENT_LOCKED",
    `${environment} was locked by ${lock.by} at ${lock.at}: ${lock.reason}`,
    `When the reason is gone: floe platform unlock --env ${environment} --reason …`,
    { override: "lock" },
  );
}
