import { momentText } from "../../model/wall-time.ts";
import { type Reason, reason } from "../reason.ts";
import { isSoaking, soakOf } from "../soak.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** The digest has been in an earlier environment for as long as it has to. */
export const checkSoak: PromotionCheck = async (facts, context, ledgers, options) => {
  const { artifact, target } = facts;
  const { digest } = artifact.manifest.descriptor;
  const soak = await soakOf(digest, target, context, ledgers, options);
  if (!soak || !isSoaking(soak, context.store.now())) return [];
  const { from, hours, since, until } = soak;
  const pending = (message: string, hint: string, more: Pick<Reason, "until"> = {}): Reason[] => [
    reason("FLOE_SOAK_PENDING", message, hint, { override: "soak", ...more }),
  ];
  if (!since || !until) {
    return pending(
      `${target.name} takes what was in ${from} for ${hours} h, and ${artifact.version} was never promoted there`,
      `Promote it to ${from} first: floe promote ${artifact.version} --to ${from}`,
    );
  }
  return pending(
    `${artifact.version} is in ${from} since ${since.toISOString().slice(0, 19)}Z and has to be there for ${hours} h: until ${momentText(until, "UTC").split(" (")[0]}`,
    "Wait until then.",
    { until },
  );
};
