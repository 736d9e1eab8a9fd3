import type { CallOptions } from "../../ports/index.ts";
import type { ApprovalJudgement } from "../approvals/judge-approvals.ts";
import type { FloeContext } from "../context.ts";
import type { Freezes } from "../freezes.ts";
import type { Ledgers } from "../ledgers.ts";
import type { OperatorJudgement } from "../operator.ts";
import type { PromotionInput } from "../plan-promotion.ts";
import type { Reason } from "../reason.ts";
import type { Standing } from "../standing.ts";

/** What the static checks of a promotion judge; all of it was read before the first of them. */
export interface PromotionFacts extends PromotionInput {
  readonly standing: Standing;
  readonly judged: OperatorJudgement;
  readonly approvals: ApprovalJudgement;
  /** This very promotion was begun before and is taken up again. */
  readonly resumes: boolean;
  /** The target's freeze windows now, by the store's clock. */
  readonly freezes: Freezes;
  /** Says what does not block and is worth to know. */
  readonly warn: (warning: string) => void;
}

/** One static check of a promotion. It reads at most and answers with every reason it finds; none means that it holds. */
export type PromotionCheck = (
  facts: PromotionFacts,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
) => readonly Reason[] | Promise<readonly Reason[]>;
