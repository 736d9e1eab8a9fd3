/** What is judged of a ledger, each by itself: one says nothing about another. */
export type Question = "integrity" | "completeness" | "anchoring" | "authenticity";

/** The questions, in the order in which they are answered. */
export const QUESTIONS: readonly Question[] = [
  "integrity",
  "completeness",
  "anchoring",
  "authenticity",
];

/** Something that was found, with the first event that it is about. */
export interface Finding {
  readonly seq: number | null;
  readonly hash: string | null;
  readonly code: string;
  readonly what: string;
  readonly fix: string;
}

/** The answer to one question. `not_checked` is never `ok`. */
export interface Verdict {
  readonly verdict: "ok" | "failed" | "not_checked";
  readonly summary: string;
  /** The first bad event first. */
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** The answer where something was looked at: `failed` with findings, else `ok`. */
export function judged(
  findings: readonly Finding[],
  summary: string,
  notes: readonly string[] = [],
): Verdict {
  const sorted = findings.toSorted(
    (a, b) => (a.seq ?? Number.MAX_VALUE) - (b.seq ?? Number.MAX_VALUE),
  );
  const [first] = sorted;
  if (!first) return { verdict: "ok", summary, findings: [], notes };
  const at = first.seq === null ? "" : `event ${first.seq}: `;
  const more = sorted.length > 1 ? `, and ${sorted.length - 1} more` : "";
  return { verdict: "failed", summary: `${at}${first.what}${more}`, findings: sorted, notes };
}

/** The answer where nothing could be looked at. */
export function notChecked(summary: string, notes: readonly string[] = []): Verdict {
  return { verdict: "not_checked", summary, findings: [], notes };
}

const RESTORE = "Compare with a copy that you trust.";

/** What a finding of a changed or missing event looks like. */
export function tampered(seq: number | null, hash: string | null, what: string): Finding {
  return { seq, hash, code: "FLOE_LEDGER_TAMPERED", what, fix: RESTORE };
}
