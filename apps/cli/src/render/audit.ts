import type {
  AnchorAnswer,
  AnchoredCopy,
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
    pruned: audit.pruned,
    verdicts: audit.verdicts,
    ...(audit.anchors === undefined ? {} : { anchors: audit.anchors }),
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
      const lines = QUESTIONS.flatMap((question) => [
        ...verdictLines(question, audit.verdicts[question]),
        ...(question === "anchoring" ? anchorLines(audit.anchors ?? []) : []),
      ]);
      const nothing = QUESTIONS.every(
        (question) => audit.verdicts[question].verdict === "not_checked",
      );
      return [
        `${paint("bold", environment)}: ${about}`,
        ...(chain === null && nothing ? [] : lines),
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

// A line each, where there are several to tell apart.
function anchorLines(anchors: readonly AnchorAnswer[]): string[] {
  if (anchors.every(({ kind }) => kind === "registry" || kind === "given")) return [];
  return anchors.map(({ name, kind, location, verdict, size, summary }) => {
    const { sign, style } = MARKS[verdict];
    const where = kind === "registry" ? "beside the ledger" : kind === "given" ? "given" : location;
    const what = verdict === "ok" ? `${size} events` : oneLine(summary);
    return `      ${paint(style, sign)} ${plain(name)} (${plain(where)}): ${verdict.replace("_", " ")}, ${what}`;
  });
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
export function checkpointJson({
  environment,
  checkpoint,
  note,
  anchor,
  anchors,
}: MadeCheckpoint): unknown {
  return {
    ...{ environment, ...checkpoint, note, anchor },
    anchors: anchors.map(({ error, ...copy }) => ({
      ...copy,
      error: error && {
        code: error.code,
        exit_code: error.exitCode,
        message: plain(error.message),
        hint: error.hint === undefined ? null : plain(error.hint),
      },
    })),
  };
}

/** What was signed, for people. */
export function checkpointText(made: readonly MadeCheckpoint[], out: string | undefined): string {
  return made
    .map(({ environment, checkpoint, anchor, anchors }) =>
      [
        `Checkpoint of ${environment}: ${checkpoint.size} events, root ${checkpoint.root}`,
        `  under floe-cp.${environment} (${shortDigest(anchor)})${out === undefined ? "" : `, and in ${out}`}`,
        ...anchors.flatMap(copyLines),
      ].join("\n"),
    )
    .join("\n");
}

function copyLines({ name, location, status, error }: AnchoredCopy): string[] {
  const at = `${plain(name)} (${plain(location)})`;
  if (error === null)
    return [`  ${paint("green", "✓")} ${at}${status === "unchanged" ? ": it was there" : ""}`];
  const hint = error.hint === undefined ? [] : [`    ${paint("dim", "→")} ${oneLine(error.hint)}`];
  return [`  ${paint("red", "✗")} ${at}: not written: ${oneLine(error.message)}`, ...hint];
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
