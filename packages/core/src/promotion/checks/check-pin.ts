import type { LedgerView } from "../../ledger/ledger.ts";
import { otherPin, pinProblem } from "../../ledger/pinned-policy.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { type Reason, reason } from "../reason.ts";

/** Refuses a manifest that changes what the environment is pinned to, until that was accepted. */
export function pinReasons(environment: EnvironmentConfig, view: LedgerView | null): Reason[] {
  const pinned = otherPin(environment, view);
  if (!pinned) return [];
  const { message, hint } = pinProblem(environment, pinned);
  return [reason("FLOE_POLICY_NOT_ACCEPTED", message, hint)];
}
