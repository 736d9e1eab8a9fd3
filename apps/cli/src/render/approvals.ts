import type { ApprovalStatus, OpinionOutcome } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { plain } from "./paint.ts";
import { refusedJson } from "./refused-json.ts";
import { type Cell, table } from "./table.ts";

/** The JSON output of approve and deny. */
export function opinionJson(outcome: OpinionOutcome): Record<string, unknown> {
  if (outcome.kind === "blocked") return refusedJson(outcome.blocking);
  const { environment, version, digest, decision, changed, by, at, reason, event } = outcome;
  const { required, granted, denials } = outcome.approvals;
  return {
    success: true,
    environment,
    version,
    digest,
    decision,
    changed,
    operator: by,
    at,
    expires_at: outcome.expiresAt,
    reason,
    event,
    required,
    approved_by: granted.map((given) => given.by),
    denied_by: denials.map((denial) => denial.by),
    warnings: outcome.warnings,
    trace_id: outcome.traceId,
  };
}

/** What approve and deny tell people. */
export function opinionText(outcome: OpinionOutcome): string {
  if (outcome.kind === "blocked") return "";
  const { environment, version, decision, changed, by, approvals } = outcome;
  const name = plain(by);
  const lines = [
    changed
      ? `${WORDS[decision]} ${version} for ${environment} (${name}, ${shortDigest(outcome.digest)})`
      : decision === "withdrawn"
        ? `${name} has nothing to withdraw for ${version} in ${environment}; nothing to do`
        : `${name} has ${decision} ${version} for ${environment} already; nothing to do`,
    `  approved by ${approvals.granted.length} of ${approvals.required}${names(approvals.granted)}`,
    ...(approvals.denials.length > 0 ? [`  denied by${names(approvals.denials, " ")}`] : []),
    ...outcome.warnings.map((warning) => `  ! ${plain(warning)}`),
  ];
  return lines.join("\n");
}

const WORDS = { approved: "Approved", denied: "Denied", withdrawn: "Withdrawn:" } as const;

function names(given: readonly { readonly by: string }[], before = ": "): string {
  return given.length === 0 ? "" : `${before}${given.map(({ by }) => plain(by)).join(", ")}`;
}

/** Where versions stand with approvals, as JSON: an array in the order of the path. */
export function approvalsJson(rows: readonly ApprovalStatus[]): Record<string, unknown>[] {
  return rows.map((row) => ({
    version: row.version,
    digest: row.digest,
    environment: row.environment,
    required: row.required,
    approved_by: row.approvedBy,
    denied_by: row.deniedBy,
    expires_at: row.expiresAt,
    status: row.status,
  }));
}

/** The same for people. */
export function approvalsText(rows: readonly ApprovalStatus[], now: Date): string {
  if (rows.length === 0) return "Nothing waits for an approval.";
  const body = rows.map((row): (Cell | string)[] => [
    { text: row.environment, style: "bold" },
    row.version,
    { text: shortDigest(row.digest), style: "dim" },
    { text: row.status, style: STYLES[row.status] },
    `${row.approvedBy.length} of ${row.required}`,
    row.approvedBy.map(plain).join(", ") || "-",
    row.deniedBy.map(plain).join(", ") || "-",
    row.expiresAt === null ? "-" : until(row.expiresAt, now),
  ]);
  const header = [
    "ENVIRONMENT",
    "VERSION",
    "DIGEST",
    "STATUS",
    "APPROVALS",
    "APPROVED BY",
    "DENIED BY",
    "EXPIRES IN",
  ];
  return table(header, body);
}

const STYLES = { pending: "yellow", approved: "green", denied: "red" } as const;

function until(at: string, now: Date): string {
  const hours = Math.max(0, Math.floor((Date.parse(at) - now.getTime()) / 3_600_000));
  return hours >= 48 ? `${Math.floor(hours / 24)}d` : hours >= 1 ? `${hours}h` : "less than 1h";
}
