import type {
  AuditQuestion,
  AuditVerdict,
  DriftedTag,
  LedgerAudit,
  MadeCheckpoint,
  ShownEvent,
} from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { paint, plain } from "./paint.ts";
import { type Cell, table } from "./table.ts";

/** A ledger's answers in the JSON output of `audit verify`; documented in `docs/reference/json.md`. */
export function auditJson(audit: LedgerAudit): Record<string, unknown> {
  return {
    environment: audit.environment,
    chain: audit.chain,
    backend: audit.backend,
    mode: audit.mode,
    serialises: audit.serialises,
    events: audit.events,
    head: audit.head,
    root: audit.root,
    open_intents: audit.openIntents,
    verdicts: audit.verdicts,
  };
}

const QUESTIONS = ["integrity", "completeness", "anchoring", "authenticity"] as const;

const MARKS = {
  ok: { sign: "✓", style: "green" },
  failed: { sign: "✗", style: "red" },
  not_checked: { sign: "?", style: "yellow" },
} as const;

/** The answers for people: a line each, and what was found below. */
export function auditText(audits: readonly LedgerAudit[]): string {
  return audits
    .map((audit) => {
      const { environment, chain, events, serialises } = audit;
      const kind = serialises === "strong" ? "strong" : "advisory: writers are not serialised";
      const about = chain === null ? "no ledger" : `${events} events, ${audit.backend}, ${kind}`;
      const lines = QUESTIONS.flatMap((question) =>
        verdictLines(question, audit.verdicts[question]),
      );
      return [
        `${paint("bold", environment)}: ${about}`,
        ...(chain === null && audit.verdicts.integrity.verdict === "not_checked" ? [] : lines),
      ].join("\n");
    })
    .join("\n");
}

function verdictLines(
  question: AuditQuestion,
  { verdict, summary, findings, notes }: AuditVerdict,
): string[] {
  const { sign, style } = MARKS[verdict];
  const head = `  ${paint(style, sign)} ${question} (${verdict.replace("_", " ")}): ${oneLine(summary)}`;
  const shown = findings
    .slice(0, 5)
    .flatMap(({ seq, what, fix }, index, all) => [
      ...(findings.length > 1
        ? [`      ${seq === null ? "" : `event ${seq}: `}${oneLine(what)}`]
        : []),
      ...(index === all.length - 1 ? [`      ${paint("dim", "→")} ${oneLine(fix)}`] : []),
    ]);
  return [head, ...shown, ...notes.map((note) => `      ${paint("dim", oneLine(note))}`)];
}

function oneLine(text: string): string {
  return plain(text).replace(/\s*\n\s*/g, " ");
}

/** An event in the JSON output of `audit show`. */
export function shownEventJson({ hash, signedBy, authorized, event, bytes }: ShownEvent): unknown {
  return { hash, signed_by: signedBy, authorized, size: bytes.byteLength, event };
}

/** Events for people: who, when, what, and the body as JSON. */
export function shownEventText(events: readonly ShownEvent[]): string {
  return events
    .map(({ hash, signedBy, authorized, event }) =>
      [
        `${paint("bold", `${event.environment}#${event.seq}`)} ${event.kind}${authorized || event.kind === "refusal" ? "" : paint("red", "  no effect: its author may not do this there")}`,
        `  hash       ${hash}`,
        `  follows    ${event.prev ?? "nothing"}`,
        `  at         ${event.at}`,
        `  by         ${plain(signedBy ?? event.actor.subject ?? event.actor.key_id ?? "unknown")} (${event.actor.method})`,
        `  operation  ${event.operation}`,
        `  written by ${plain(event.agent.name)} ${plain(event.agent.version)}, trace ${event.trace_id}`,
        ...JSON.stringify(event.body, null, 2)
          .split("\n")
          .map((line) => `  ${plain(line)}`),
      ].join("\n"),
    )
    .join("\n\n");
}

/** A checkpoint in the JSON output of `audit checkpoint`. */
export function checkpointJson({ environment, checkpoint, note, anchor }: MadeCheckpoint): unknown {
  return { environment, ...checkpoint, note, anchor };
}

/** What was signed, for people. */
export function checkpointText(made: readonly MadeCheckpoint[], out: string | undefined): string {
  return made
    .map(
      ({ environment, checkpoint, anchor }) =>
        `Checkpoint of ${environment}: ${checkpoint.size} events, root ${checkpoint.root}\n  under floe-cp.${environment} (${shortDigest(anchor)})${out === undefined ? "" : `, and in ${out}`}`,
    )
    .join("\n");
}

/** Tags that are not as the ledger says, for people. */
export function driftText(found: readonly DriftedTag[]): string {
  if (found.length === 0) return "No drift: tags and records are as the ledgers say.";
  const rows = found.map((tag): (Cell | string)[] => [
    tag.environment,
    tag.tag,
    { text: tag.kind, style: "red" },
    tag.expected === null ? "-" : shortDigest(tag.expected),
    tag.actual === null ? "-" : shortDigest(tag.actual),
    tag.seq === null ? "-" : String(tag.seq),
  ]);
  return table(["ENVIRONMENT", "TAG", "WHAT", "BY THE LEDGER", "HOLDS", "EVENT"], rows);
}
