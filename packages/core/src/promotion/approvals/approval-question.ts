import type { EventActor } from "../../ledger/event.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { isExempt } from "../checks/check-separation.ts";
import type { ApprovalQuestion } from "./judge-approvals.ts";

/** What is asked of the approvals of a promotion that somebody runs: of one who is exempt from the separation of duties, that they are by others. */
export function approvalQuestion(
  digest: Digest,
  operator: EventActor | null,
  target: EnvironmentConfig,
): ApprovalQuestion {
  return { digest, operator, byOthers: isExempt(operator, target) };
}
