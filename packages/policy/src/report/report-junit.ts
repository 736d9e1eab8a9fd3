import type { GateResult, RecordedReason } from "@floe/core";
import { type EnforcementReport, hasResult, type ReportedGate } from "./enforcement-report.ts";
import { type RuleLine, ruleLines, ruleOf } from "./policy-result.ts";

/** One testcase: what it says inside, as XML. */
interface Case {
  readonly name: string;
  readonly result: "passed" | "failed" | "error" | "skipped";
  readonly inside: string;
}

/** A report as JUnit XML: a suite for each gate, and a case for each rule or finding. */
export function reportJunit(report: EnforcementReport): string {
  const suites = report.environments.flatMap(({ environment, gates }) =>
    gates.map((gate) => suiteOf(environment, gate, report)),
  );
  const total = countsOf(suites.flatMap(({ cases }) => cases));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(report.title)}" ${total}>`,
    ...suites.map(({ text }) => text),
    "</testsuites>",
    "",
  ].join("\n");
}

function suiteOf(
  environment: string,
  gate: ReportedGate,
  { at }: EnforcementReport,
): { readonly cases: readonly Case[]; readonly text: string } {
  const cases = casesOf(gate);
  const name = `${environment}.${gate.gate}`;
  const seconds = hasResult(gate) ? (gate.duration_ms / 1000).toFixed(3) : "0";
  const lines = cases.map(
    ({ name: what, inside }) =>
      `    <testcase classname="${xml(name)}" name="${xml(what)}" time="0">${inside}</testcase>`,
  );
  const head = `  <testsuite name="${xml(name)}" ${countsOf(cases)} time="${seconds}" timestamp="${at.toISOString().slice(0, 19)}">`;
  return { cases, text: [head, ...lines, "  </testsuite>"].join("\n") };
}

function casesOf(gate: ReportedGate): Case[] {
  if (!hasResult(gate))
    return [
      {
        name: gate.gate,
        result: "skipped",
        inside: '<skipped message="not run, because something else blocks"/>',
      },
    ];
  const rules = ruleLines(gate);
  if (rules.length > 0) return rulesAsCases(gate, rules);
  const found = gate.reasons.map((reason) => caseOf(gate, reason, reason.subject ?? reason.code));
  const bad = found.some(({ result }) => result === "failed" || result === "error");
  if (!bad && gate.status === "skipped")
    return [
      ...found,
      { name: gate.gate, result: "skipped", inside: `<skipped message="${xml(gate.summary)}"/>` },
    ];
  // A refusal without a reason must not read as if all were well.
  if (!bad && (gate.status === "failed" || gate.status === "error"))
    return [
      ...found,
      {
        name: gate.gate,
        result: gate.status,
        inside: problem(gate.status, gate.status, gate.summary),
      },
    ];
  return [
    { name: gate.gate, result: "passed", inside: bad ? "" : output(gate.summary) },
    ...found,
  ].filter(({ name, inside }) => !bad || name !== gate.gate || inside !== "") as Case[];
}

function rulesAsCases(gate: GateResult, rules: readonly RuleLine[]): Case[] {
  const ids = new Set(rules.map(({ id }) => id));
  const others = gate.reasons.filter((reason) => !ids.has(ruleOf(reason) ?? ""));
  return [
    ...rules.map(({ id, status }): Case => {
      if (status === "other_environment" || status === "needs_artifact")
        return {
          name: id,
          result: "skipped",
          inside: `<skipped message="${status.replace("_", " ")}"/>`,
        };
      const cases = gate.reasons
        .filter((reason) => ruleOf(reason) === id)
        .map((reason) => caseOf(gate, reason, id));
      const worst = (["failed", "error", "skipped"] as const).find((result) =>
        cases.some((one) => one.result === result),
      );
      const shown = worst === undefined ? cases : cases.filter(({ result }) => result === worst);
      return {
        name: id,
        result: worst ?? "passed",
        inside: shown.map(({ inside }) => inside).join(""),
      };
    }),
    ...others.map((reason) => caseOf(gate, reason, reason.subject ?? reason.code)),
  ];
}

function caseOf(gate: GateResult, reason: RecordedReason, name: string): Case {
  const by = gate.exemptions?.find(({ id }) => id === reason.exempted_by);
  if (by) {
    const until = `exempt until ${by.expires} by ${by.owner} (${by.id}): ${by.reason}`;
    return { name, result: "skipped", inside: `<skipped message="${xml(until)}"/>` };
  }
  const text = [reason.message, reason.where, reason.fix]
    .filter((part) => part !== undefined)
    .join("\n");
  if (reason.level !== "fail")
    return { name, result: "passed", inside: output(`${reason.level}: ${text}`) };
  const result = gate.status === "error" || reason.code === "FLOE-E001" ? "error" : "failed";
  return { name, result, inside: problem(result, reason.code, reason.message, text) };
}

function problem(
  result: "failed" | "error",
  type: string,
  message: string,
  text = message,
): string {
  const element = result === "error" ? "error" : "failure";
  return `<${element} type="${xml(type)}" message="${xml(message)}">${xml(text)}</${element}>`;
}

function output(text: string): string {
  return `<system-out>${xml(text)}</system-out>`;
}

function countsOf(cases: readonly Case[]): string {
  const count = (result: Case["result"]): number =>
    cases.filter((one) => one.result === result).length;
  return `tests="${cases.length}" failures="${count("failed")}" errors="${count("error")}" skipped="${count("skipped")}"`;
}

// XML 1.0 has no way at all to write the other control characters, not even escaped.
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);
}
