import type { LedgerAudit } from "../audit-ledger.ts";
import type { ExportedEvent } from "./exported-event.ts";

/** What the report says besides events. */
export interface ReportFacts {
  readonly project: string;
  readonly madeAt: Date;
  /** What verifying the ledgers came to. */
  readonly audits: readonly LedgerAudit[];
  /** In words, as in `since 2026-01-01`; empty: all. */
  readonly period: string;
}

const QUESTIONS = ["integrity", "completeness", "anchoring", "authenticity"] as const;

/** The beginning of a report for auditors: one file without scripts, for screen and paper, light and dark. */
export function htmlHead({ project, madeAt, audits, period }: ReportFacts): string {
  const rows = audits.map(
    ({ environment, events, backend, serialises, root, verdicts }) =>
      `<tr><th scope="row">${markupSafe(environment)}</th><td class="n">${events}</td><td>${markupSafe(backend)}, ${serialises}</td>${QUESTIONS.map(
        (question) => {
          const { verdict, summary } = verdicts[question];
          return `<td class="${verdict}" title="${markupSafe(summary)}">${verdict.replace("_", " ")}</td>`;
        },
      ).join("")}<td><code>${markupSafe(root ?? "–")}</code></td></tr>`,
  );
  const found = audits.flatMap(({ environment, verdicts }) =>
    QUESTIONS.flatMap((question) =>
      verdicts[question].findings.map(
        ({ seq, what, fix }) =>
          `<li><strong>${markupSafe(environment)}${seq === null ? "" : `, event ${seq}`}</strong> (${question}): ${markupSafe(what)} <em>${markupSafe(fix)}</em></li>`,
      ),
    ),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit trail of ${markupSafe(project)}</title><style>${STYLE}</style></head><body>
<header><h1>Audit trail of ${markupSafe(project)}</h1>
<p>Made ${markupSafe(madeAt.toISOString())}${period === "" ? "" : `; events ${markupSafe(period)}`}. Every signature was checked on the way.</p></header>
<main><section><h2>Is it what was written?</h2><div class="wide"><table>
<thead><tr><th scope="col">Environment</th><th scope="col">Events</th><th scope="col">Store</th>${QUESTIONS.map((question) => `<th scope="col">${question[0]?.toUpperCase()}${question.slice(1)}</th>`).join("")}<th scope="col">Merkle root</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>
${found.length > 0 ? `<ul class="found">${found.join("\n")}</ul>` : ""}</section>
<section><h2>Events</h2><div class="wide"><table class="events">
<thead><tr><th scope="col">At</th><th scope="col">Environment</th><th scope="col">Seq</th><th scope="col">Event</th><th scope="col">Version</th><th scope="col">Result</th><th scope="col">By</th><th scope="col">Reason</th><th scope="col">Hash</th></tr></thead><tbody>
`;
}

/** One row of the report. */
export function htmlRow({ summary }: ExportedEvent): string {
  const {
    at,
    environment,
    seq,
    kind,
    action,
    version,
    digest,
    result,
    operator,
    reason,
    hash,
    counts,
  } = summary;
  const what = kind === action ? kind : `${action} ${kind}`;
  const good = result === "succeeded" ? "ok" : result === null ? "" : "failed";
  return `<tr${counts ? "" : ' class="void"'}><td><time datetime="${markupSafe(at)}">${markupSafe(at.replace(/\.\d+Z$/, "Z"))}</time></td><td>${markupSafe(environment)}</td><td class="n">${seq}</td><td>${markupSafe(what)}</td><td title="${markupSafe(digest ?? "")}">${markupSafe(version ?? "–")}</td><td class="${good}">${markupSafe(counts ? (result ?? "–") : "no effect")}</td><td>${markupSafe(operator)}</td><td>${markupSafe(reason ?? "")}</td><td><code title="${markupSafe(hash)}">${markupSafe(hash.slice(7, 19))}</code></td></tr>
`;
}

/** The end of the report. */
export const HTML_TAIL = "</tbody></table></div></section></main></body></html>\n";

const STYLE = `
:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--dim:#59636e;--line:#d1d9e0;--band:#f6f8fa;--ok:#116329;--bad:#a40e26;--warn:#7d4e00}
@media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--dim:#9198a1;--line:#3d444d;--band:#151b23;--ok:#3fb950;--bad:#ff7b72;--warn:#d29922}}
*{box-sizing:border-box}body{margin:0 auto;max-width:90rem;padding:1.5rem;font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}header p{color:var(--dim);margin:.25rem 0 0}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
thead th{background:var(--band);white-space:nowrap;position:sticky;top:0}.n{text-align:right;font-variant-numeric:tabular-nums}
td time{white-space:nowrap}code{font:.8125rem ui-monospace,monospace;overflow-wrap:anywhere}
.ok{color:var(--ok)}.failed{color:var(--bad);font-weight:600}.not_checked{color:var(--warn)}
tr.void td{color:var(--dim);text-decoration:line-through}tr.void td:nth-child(6){text-decoration:none;color:var(--bad)}
.found{padding-left:1.2rem}.found em{color:var(--dim);font-style:normal}
@media print{body{max-width:none;padding:0;font-size:11px}.wide{overflow:visible}thead th{position:static}tr{break-inside:avoid}}
`.replaceAll("\n", "");

function markupSafe(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/\p{Cc}/gu, " ");
}
