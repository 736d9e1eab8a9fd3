import type { FloeErrorCode } from "../errors/index.ts";

/** What is judged of a ledger, each by itself: one says nothing about another. */
export type AuditQuestion =
  /** Nothing that is there was changed, moved or put in. */
  | "integrity"
  /** Nothing is missing, and whatever was begun has ended once. */
  | "completeness"
  /** Somebody outside of the store keeps what the ledger was: cutting off or rewriting all of it shows. */
  | "anchoring"
  /** Who wrote it signed it, and might. */
  | "authenticity";

/** Something that was found, with the first event that it is about. */
export interface AuditFinding {
  readonly seq: number | null;
  readonly hash: string | null;
  readonly code: FloeErrorCode;
  readonly what: string;
  readonly fix: string;
}

/** The answer to one question. `not_checked` is never `ok`. */
export interface AuditVerdict {
  readonly verdict: "ok" | "failed" | "not_checked";
  /** One sentence. */
  readonly summary: string;
  /** The first bad event first; empty unless it failed. */
  readonly findings: readonly AuditFinding[];
  /** What to know besides. */
  readonly notes: readonly string[];
}

/** Makes the answer where something was looked at: `failed` with findings, else `ok`. */
export function judged(
  findings: readonly AuditFinding[],
  summary: string,
  notes: readonly string[] = [],
): AuditVerdict {
  const sorted = findings.toSorted(
    (a, b) => (a.seq ?? Number.MAX_VALUE) - (b.seq ?? Number.MAX_VALUE),
  );
  const [first] = sorted;
  if (!first) return { verdict: "ok", summary, findings: [], notes };
  const more = sorted.length > 1 ? `, and ${sorted.length - 1} more` : "";
  const at = first.seq === null ? "" : `event ${first.seq}: `;
  return { verdict: "failed", summary: `${at}${first.what}${more}`, findings: sorted, notes };
}

/** Makes the answer where nothing could be looked at. */
export function notChecked(summary: string): AuditVerdict {
  return { verdict: "not_checked", summary, findings: [], notes: [] };
}
