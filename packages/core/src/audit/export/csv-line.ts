import type { ExportedEvent } from "./exported-event.ts";

const COLUMNS = [
  "at",
  "environment",
  "seq",
  "kind",
  "action",
  "result",
  "version",
  "digest",
  "operator",
  "reason",
  "counts",
  "operation",
  "id",
  "hash",
  "prev",
] as const;

/** The header of a table of events. */
export const CSV_HEADER = `${COLUMNS.join(",")}\r\n`;

/** An event as a line of CSV (RFC 4180). */
export function csvLine({ summary }: ExportedEvent): string {
  return `${COLUMNS.map((column) => cell(summary[column])).join(",")}\r\n`;
}

// What people wrote must stay text where a spreadsheet opens it (OWASP, "CSV Injection").
function cell(value: string | number | boolean | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
