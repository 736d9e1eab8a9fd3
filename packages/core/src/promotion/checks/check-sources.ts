import { NO_SOURCE } from "../../model/tag.ts";
import { findEnvironment } from "../environments.ts";
import type { Reason } from "../reason.ts";
import { checkSource } from "./check-source.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** The digest is really in the environment that it comes from, and in the one that the signature policy asks for. */
export const checkSources: PromotionCheck = async (facts, context, ledgers, options) => {
  if (facts.transition) return [];
  const needed = new Set([facts.source]);
  const required = facts.target.verification.requirePromotionFrom;
  if (required !== null) needed.add(required);
  needed.delete(NO_SOURCE);
  const reasons: Reason[] = [];
  for (const name of needed) {
    const ledger = ledgers.of(findEnvironment(context.manifest, name));
    const problem = await checkSource(facts.artifact, ledger, context, facts.warn, {
      ...options,
      since: facts.since,
    });
    if (problem) reasons.push(problem);
  }
  return reasons;
};
