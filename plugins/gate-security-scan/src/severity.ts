/** How bad a finding is. `negligible` is what tools call negligible, informational or none; `unknown` is not low. */
export type Severity = "critical" | "high" | "medium" | "low" | "negligible" | "unknown";

/** Severities, the worst first. */
export const SEVERITIES = ["critical", "high", "medium", "low", "negligible", "unknown"] as const;

const WORDS: Readonly<Record<string, Severity>> = {
  critical: "critical",
  high: "high",
  important: "high",
  medium: "medium",
  moderate: "medium",
  low: "low",
  minor: "low",
  negligible: "negligible",
  info: "negligible",
  informational: "negligible",
  none: "negligible",
};

/** Reads the word of a scanner, in any case. A word that is not known is `unknown`, never `low`. */
export function parseSeverity(word: string | null | undefined): Severity {
  return WORDS[word?.trim().toLowerCase() ?? ""] ?? "unknown";
}

/** The severity of a CVSS base score, by the bands of CVSS 3 and 4 (0.0 is "None"). */
export function severityOfScore(score: number): Severity {
  if (!(score >= 0 && score <= 10)) return "unknown";
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score > 0 ? "low" : "negligible";
}

/** The worse of two; one that is known outweighs `unknown`. */
export function worseSeverity(first: Severity, second: Severity): Severity {
  return SEVERITIES.indexOf(first) <= SEVERITIES.indexOf(second) ? first : second;
}
