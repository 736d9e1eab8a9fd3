import type { HistoryEvent } from "@floe/core";
import { type Cell, table } from "./table.ts";

/** Events as a table, in the order given. */
export function historyText(events: readonly HistoryEvent[]): string {
  if (events.length === 0) return "No events.";
  const rows = events.map((event): (Cell | string)[] => [
    { text: event.at.replace(/\.\d+Z$/, "Z"), style: "dim" },
    event.environment,
    String(event.seq),
    event.kind === event.action ? event.kind : `${event.action} ${event.kind}`,
    event.version ?? "-",
    resultCell(event),
    event.operator,
    event.reason ?? "",
  ]);
  return table(["AT", "ENVIRONMENT", "SEQ", "EVENT", "VERSION", "RESULT", "BY", "REASON"], rows);
}

function resultCell(event: HistoryEvent): Cell {
  if (!event.counts) return { text: "no effect", style: "red" };
  switch (event.result) {
    case null:
      return { text: "-" };
    case "succeeded":
      return { text: event.result, style: "green" };
    default:
      return { text: event.result, style: "red" };
  }
}
