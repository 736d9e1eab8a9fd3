import type { EnvironmentStatus } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { age } from "./age.ts";
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
  return [table(header, body), ...notes.map(plain)].join("\n");
}

function stateCell(row: EnvironmentStatus): Cell {
  if (row.ledger === "unreadable") return { text: "unreadable", style: "red" };
  if (row.findings.some(({ code }) => code === "FLOE_LEDGER_DRIFT"))
    return { text: "drift", style: "red" };
  if (row.lock) return { text: "locked", style: "yellow" };
  if (row.openIntent)
    return {
      text:
        row.openIntent.state === "live"
          ? `${row.openIntent.action} under way`
          : `${row.openIntent.action} unfinished`,
      style: "yellow",
    };
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
  for (const hold of row.held)
    notes.push(`${environment}: ${hold.version} is held (${hold.kind}: ${plain(hold.reason)})`);
  if (row.openIntent?.state === "abandoned") {
    notes.push(
      `${environment}: an interrupted ${row.openIntent.action} of ${row.openIntent.version} is open; run it again, or floe platform reconcile --env ${environment}`,
    );
  }
  if (row.ledger === "advisory")
    notes.push(`${environment}: this registry cannot serialise writers; the ledger is advisory`);
  return notes;
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
    pending_approvals: [],
    open_intent: row.openIntent && {
      operation: row.openIntent.operation,
      action: row.openIntent.action,
      version: row.openIntent.version,
      state: row.openIntent.state,
      lease_ends: row.openIntent.leaseEnds,
    },
    drift: row.drift,
    ledger: row.ledger,
    findings: row.findings.map(reasonJson),
    ...(row.versionStatus === undefined ? {} : { status: row.versionStatus }),
  }));
}
