import type { OpenIntent } from "../open-intent.ts";
import { type Reason, reason } from "../reason.ts";

/** Refuses while somebody else's operation is open. */
export function busyReasons(environment: string, open: readonly OpenIntent[]): Reason[] {
  const live = open.find(({ state }) => state === "live");
  return live ? [busyReason(environment, live)] : [];
}

/** The refusal while somebody else's operation is open. */
export function busyReason(environment: string, open: OpenIntent): Reason {
  return reason(
    "FLOE_PROMOTION_BUSY",
    `${open.body.action} of ${open.body.version} to ${environment} is under way (since ${open.event.event.at}, lease until ${open.leaseEnds.toISOString()})`,
    "Wait for it, or give --wait 2m. If it was interrupted on another machine, its lease has to run out first.",
  );
}
