import type { JsonObject } from "../errors/index.ts";
import type { Judged } from "./judged.ts";

/** How one platform was judged. */
export interface PlatformVerdict {
  /** `null`: the artifact as a whole. */
  readonly platform: string | null;
  readonly judged: Judged;
}

/** From best to worst. */
const ORDER: readonly Judged["status"][] = ["passed", "warning", "skipped", "failed", "error"];

/** At most so many reasons are in a verdict. */
const MAX_REASONS = 1000;

/** One verdict of several platforms: the worst one's, with every reason under the name of its platform. */
export function worstVerdict(verdicts: readonly PlatformVerdict[]): Judged {
  const badness = ({ judged }: PlatformVerdict): number => ORDER.indexOf(judged.status);
  const worst = verdicts.toSorted((a, b) => badness(b) - badness(a))[0];
  if (!worst) throw new Error("there is no verdict");
  if (worst.platform === null) return worst.judged;
  const names = verdicts.map(({ platform }) => platform).join(", ");
  const same = verdicts.every(({ judged }) => judged.status === worst.judged.status);
  return {
    ...worst.judged,
    summary: same
      ? `${worst.judged.summary} (${names}: each ${worst.judged.status})`
      : `${worst.platform}: ${worst.judged.summary} (worst of ${names})`,
    reasons: verdicts
      .flatMap(({ platform, judged }) =>
        judged.reasons.map((reason) => ({
          ...reason,
          message: `${platform}: ${reason.message}`.slice(0, 4000),
        })),
      )
      .slice(0, MAX_REASONS),
    details: {
      platforms: Object.fromEntries(
        verdicts.map(({ platform, judged: { status, summary, metrics, details } }) => [
          platform,
          { status, summary, metrics: { ...metrics }, details },
        ]),
      ) as JsonObject,
    },
  };
}
