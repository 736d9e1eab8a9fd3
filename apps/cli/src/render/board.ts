import type { EnvironmentStatus, HeldStatus, NextFreeze } from "@floe/core";
import { momentText, shortDigest } from "@floe/core/model";
import { age } from "./age.ts";
import { approvalsJson } from "./approvals.ts";
import { historyText } from "./history.ts";
import { reasonJson } from "./operation-json.ts";
import { plain } from "./paint.ts";
import { type Cell, table } from "./table.ts";

/** The board: what every environment runs. */
export function boardText(rows: readonly EnvironmentStatus[], now: Date): string {
  const withVersion = rows.some((row) => row.versionStatus !== undefined);
  const header = [
    "ENVIRONMENT",
    "VERSION",
    "DIGEST",
    "BY",
    "SINCE",
    ...(withVersion ? ["STATUS"] : []),
    "STATE",
  ];
  const body = rows.map((row): (Cell | string)[] => [
    { text: row.environment, style: "bold" },
    row.version ?? "-",
    { text: row.digest ? shortDigest(row.digest) : "-", style: "dim" },
    row.promotedBy ?? "-",
    row.promotedAt ? age(row.promotedAt, now) : "-",
    ...(withVersion ? [(row.versionStatus ?? "").replace("_", " ")] : []),
    stateCell(row),
  ]);
  const notes = rows.flatMap((row) => notesOf(row));
  const [asOf] = rows.flatMap((row) => row.asOf ?? []);
  return [
    ...(asOf === undefined ? [] : [`At ${asOf}, by the ledgers:`]),
    table(header, body),
    ...notes.map(plain),
    ...rows.flatMap((row) =>
      row.history === undefined ? [] : [`\n${row.environment}:`, historyText(row.history)],
    ),
  ].join("\n");
}

function stateCell(row: EnvironmentStatus): Cell {
  if (row.ledger === "unreadable") return { text: "unreadable", style: "red" };
  if (row.findings.some(({ code }) => code === "FLOE_LEDGER_DRIFT"))
    return { text: "drift", style: "red" };
  if (row.lock) return { text: "locked", style: "yellow" };
  const [open] = row.openIntents;
  if (open)
    return {
      text: open.state === "live" ? `${open.action} under way` : `${open.action} unfinished`,
      style: "yellow",
    };
  if (row.held.some(({ kind }) => kind === "freeze")) return { text: "frozen", style: "yellow" };
  if (row.adopted) return { text: "adopted", style: "yellow" };
  if (row.version === null) return { text: "empty", style: "dim" };
  return { text: "ok", style: "green" };
}

function notesOf(row: EnvironmentStatus): string[] {
  const notes: string[] = [];
  const { environment } = row;
  if (row.lock)
    notes.push(
      `${environment}: locked by ${row.lock.lockedBy} at ${row.lock.lockedAt}: ${plain(row.lock.reason)}`,
    );
  notes.push(...row.held.map((hold) => heldText(environment, hold)));
  if (row.nextFreeze) notes.push(nextText(environment, row.nextFreeze));
  for (const { kind, by, reason } of row.overrides)
    notes.push(
      `${environment}: ${kind} was overridden by ${by} for what runs there: ${plain(reason)}`,
    );
  for (const { gate, status } of row.unmetGates)
    notes.push(
      `${environment}: the optional gate ${plain(gate)} ${status === "failed" ? "failed" : "could not be judged"} for what runs there`,
    );
  for (const { version, approvedBy, required } of row.pendingApprovals)
    notes.push(
      `${environment}: ${version} waits for approvals (${approvedBy.length} of ${required}); floe platform approve ${version} --env ${environment}`,
    );
  if (row.policy?.matches === false)
    notes.push(
      `${environment}: pinned to the manifest that ${plain(row.policy.acceptedBy)} accepted at ${row.policy.acceptedAt}, not to this one`,
    );
  for (const { action, version, state, leaseEnds } of row.openIntents)
    notes.push(
      state === "abandoned"
        ? `${environment}: an interrupted ${action} of ${version} is open; run it again, or floe platform reconcile --env ${environment}`
        : `${environment}: a ${action} of ${version} is under way (lease until ${leaseEnds})`,
    );
  if (row.ledger === "advisory")
    notes.push(`${environment}: this registry cannot serialise writers; the ledger is advisory`);
  return notes;
}

function heldText(environment: string, held: HeldStatus): string {
  const { kind, version, until, timezone = "UTC", allow = [] } = held;
  const reason = held.reason === null ? "" : `: ${plain(held.reason)}`;
  if (kind === "freeze" && until !== null) {
    const open = allow.length > 0 ? ` (lets ${allow.join(", ")} through)` : "";
    return `${environment}: frozen until ${momentText(new Date(until), timezone)}${open}${reason}`;
  }
  if (kind === "soak" && until !== null)
    return `${environment}: ${version} may come from ${momentText(new Date(until), "UTC")} on (soak${reason})`;
  return `${environment}: ${version} is held (${kind}${reason})`;
}

function nextText(environment: string, next: NextFreeze): string {
  const { start, until, timezone } = next;
  const reason = next.reason === null ? "" : `: ${plain(next.reason)}`;
  return `${environment}: next freeze from ${momentText(new Date(start), timezone)} until ${momentText(new Date(until), timezone)}${reason}`;
}

/** The board as JSON: an array, in configured order. */
export function boardJson(rows: readonly EnvironmentStatus[]): Record<string, unknown>[] {
  return rows.map((row) => ({
    environment: row.environment,
    version: row.version,
    digest: row.digest,
    tag: row.tag,
    promoted_by: row.promotedBy,
    promoted_at: row.promotedAt,
    lock: row.lock && {
      reason: row.lock.reason,
      locked_by: row.lock.lockedBy,
      locked_at: row.lock.lockedAt,
    },
    held: row.held,
    next_freeze: row.nextFreeze,
    overrides: row.overrides,
    unmet_gates: row.unmetGates,
    adopted: row.adopted,
    pending_approvals: approvalsJson(row.pendingApprovals),
    policy: row.policy && {
      policy_digest: row.policy.policyDigest,
      authority_digest: row.policy.authorityDigest,
      accepted_by: row.policy.acceptedBy,
      accepted_at: row.policy.acceptedAt,
      matches: row.policy.matches,
    },
    open_intents: row.openIntents.map(({ operation, action, version, state, leaseEnds }) => ({
      ...{ operation, action, version, state },
      lease_ends: leaseEnds,
    })),
    drift: row.drift,
    ledger: row.ledger,
    findings: row.findings.map(reasonJson),
    ...(row.versionStatus === undefined ? {} : { status: row.versionStatus }),
    ...(row.history === undefined ? {} : { history: row.history }),
    ...(row.asOf === undefined ? {} : { at: row.asOf }),
  }));
}
