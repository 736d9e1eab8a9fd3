import type { GateResult, RecordedReason } from "@floe/core";
import { type EnforcementReport, hasResult, type ReportedGate } from "./enforcement-report.ts";
import { policyResult, ruleLines } from "./policy-result.ts";
import { REPORT_STYLE } from "./report-style.ts";

/** A report as one HTML page that loads nothing and runs nothing. Everything in it that is not from here is escaped. */
export function reportHtml(report: EnforcementReport): string {
  const { title, subject, outcome, passed, blocking, warnings, environments, tool, at } = report;
  const rows = [
    ["Artifact", subject.name],
    ...(subject.version === null ? [] : [["Version", subject.version]]),
    ["Digest", subject.digest],
    ["Judged", at.toISOString().replace("T", " ").slice(0, 19).concat(" UTC")],
    ["By", `${tool.name} ${tool.version}`],
  ] as const;
  const page = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${html(title)}</title>`,
    `<style>${REPORT_STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    "<header>",
    `<h1>${html(title)}</h1>`,
    `<p class="outcome ${passed ? "passed" : "failed"}">${html(outcome)}</p>`,
    "<dl>",
    ...rows.map(([name = "", value = ""]) => `<div><dt>${name}</dt><dd>${html(value)}</dd></div>`),
    "</dl>",
    "</header>",
    ...(blocking.length === 0
      ? []
      : [
          '<section aria-labelledby="blocking"><h2 id="blocking">What blocks</h2><ul class="blocking">',
          ...blocking.map(
            ({ code, message, hint }) =>
              `<li><code>${html(code)}</code> ${html(message)}${hint === null ? "" : `<p class="fix">${html(hint)}</p>`}</li>`,
          ),
          "</ul></section>",
        ]),
    ...environments.map(({ environment, gates }) => section(environment, gates)),
    ...(warnings.length === 0
      ? []
      : [
          "<section><h2>Warnings</h2><ul>",
          ...warnings.map((warning) => `<li>${html(warning)}</li>`),
          "</ul></section>",
        ]),
    "</main>",
    "</body>",
    "</html>",
    "",
  ];
  return page.join("\n");
}

function section(environment: string, gates: readonly ReportedGate[]): string {
  return [
    "<section>",
    `<h2>${html(environment)}</h2>`,
    '<div class="scroll"><table class="overview"><thead><tr><th>Gate</th><th>Status</th><th>Summary</th></tr></thead><tbody>',
    ...gates.map((gate) => {
      const summary = hasResult(gate) ? gate.summary : "something else blocks";
      return `<tr><td>${html(gate.gate)}</td><td>${badge(gate.status)}</td><td>${html(summary)}</td></tr>`;
    }),
    "</tbody></table></div>",
    ...gates.filter(hasResult).map((gate) => gateDetails(environment, gate)),
    "</section>",
  ].join("\n");
}

function gateDetails(environment: string, gate: GateResult): string {
  const rules = ruleLines(gate);
  if (gate.reasons.length === 0 && rules.length === 0) return "";
  const policy = gate.kind === "policy_compliance" ? policyResult(environment, gate) : null;
  const counts = policy
    ? ` <span class="count">${policy.summary.rules} rules, enforcement ${policy.enforcement}</span>`
    : "";
  return [
    "<article>",
    `<h3>${html(gate.gate)} ${badge(gate.status)}${counts}</h3>`,
    ...(gate.reasons.length === 0
      ? []
      : [
          '<ol class="findings">',
          ...gravestFirst(gate).map((reason) => finding(gate, reason)),
          "</ol>",
        ]),
    ...(rules.length === 0
      ? []
      : [
          `<details><summary>All ${rules.length} rules</summary><div class="scroll"><table><thead><tr><th>Rule</th><th>Kind</th><th>Code</th><th>Result</th></tr></thead><tbody>`,
          ...rules.map(
            ({ id, builtin, code, status }) =>
              `<tr><td>${html(id)}</td><td>${html(builtin)}</td><td><code>${html(code)}</code></td><td>${badge(status)}</td></tr>`,
          ),
          "</tbody></table></div></details>",
        ]),
    "</article>",
  ].join("\n");
}

function gravestFirst({ reasons }: GateResult): RecordedReason[] {
  const order = ["fail", "warn", "info"];
  return reasons.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

const LEVELS = { fail: "failed", warn: "warning", info: "info" } as const;

function finding(gate: GateResult, reason: RecordedReason): string {
  const by = gate.exemptions?.find(({ id }) => id === reason.exempted_by);
  const facts = [
    ["Found", reason.measured],
    ["Expected", reason.limit],
    ["About", reason.subject],
    ["Where", reason.where],
  ].flatMap(([name, value]) =>
    value === undefined ? [] : [`<div><dt>${name}</dt><dd>${html(String(value))}</dd></div>`],
  );
  return [
    `<li class="${by ? "exempted" : LEVELS[reason.level]}">`,
    `<p>${badge(by ? "exempted" : LEVELS[reason.level])} <code>${html(reason.code)}</code> ${html(reason.message)}</p>`,
    ...(facts.length === 0 ? [] : ["<dl>", ...facts, "</dl>"]),
    ...(by
      ? [
          `<p class="fix">Exempt until ${html(by.expires)} by ${html(by.owner)} (${html(by.id)}): ${html(by.reason)}</p>`,
        ]
      : []),
    ...(reason.fix === undefined ? [] : [`<p class="fix">${html(reason.fix)}</p>`]),
    "</li>",
  ].join("\n");
}

const WORDS: Readonly<Record<string, string>> = {
  not_run: "not run",
  not_judged: "not judged",
  other_environment: "other environment",
  needs_artifact: "needs the artifact",
};

function badge(status: string): string {
  return `<span class="badge ${html(status)}">${html(WORDS[status] ?? status)}</span>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes a text, and shows what would steer how the page is read: control characters and changes of direction. */
function html(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
