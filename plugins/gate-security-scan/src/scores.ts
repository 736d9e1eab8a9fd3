import cvss from "ae-cvss-calculator";
import type { Score } from "./finding.ts";
import { type Severity, severityOfScore } from "./severity.ts";

/** A rating as reports give it. */
interface Rating {
  readonly source?: string | null | undefined;
  /** Of CVSS: `3`, `3.1`, `CVSSv31`, `CVSS_V3`; only its first digit counts. */
  readonly version?: string | null | undefined;
  readonly score?: number | string | null | undefined;
  readonly vector?: string | null | undefined;
}

/** Names the score and the vector of a rating by CVSS; nothing where there is neither. A score of 0 without a vector is none. */
export function scoresOf({ source, version, score, vector }: Rating): Score[] {
  const generation = /\d/.exec(version ?? "") ?? /(?<=^CVSS:)\d/.exec(vector ?? "");
  const method = `${source ? `${source}/` : ""}cvss${generation ? `_v${generation[0]}` : ""}`;
  const hasScore = score !== null && score !== undefined && score !== "";
  return [
    ...(hasScore && (Number(score) > 0 || vector)
      ? [{ method: `${method}_score`, score: String(score) }]
      : []),
    ...(vector ? [{ method: `${method}_vector`, score: vector }] : []),
  ];
}

/** The severity of a CVSS vector of any version; `unknown` for text that is none. */
export function severityOfVector(vector: string): Severity {
  const score = cvss.fromVector(vector)?.calculateScores().overall;
  return score === undefined ? "unknown" : severityOfScore(score);
}
