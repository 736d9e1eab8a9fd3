import type { GateResult, RecordedReason } from "@floe/core";
import { digestOf } from "@floe/core/model";
import {
  type EnforcementReport,
  hasResult,
  type ReportedEnvironment,
} from "./enforcement-report.ts";
import { ruleLines } from "./policy-result.ts";

const LEVELS = { fail: "error", warn: "warning", info: "note" } as const;

interface SarifRule {
  readonly id: string;
  readonly name: string;
  readonly shortDescription: { readonly text: string };
}

/** A report as SARIF 2.1.0 (OASIS, `sarif-v2.1.0`): one run for each environment. */
export function reportSarif(report: EnforcementReport): string {
  const value = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: report.environments.map((one) => runOf(one, report)),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function runOf({ environment, gates }: ReportedEnvironment, report: EnforcementReport) {
  const { subject, tool, at, blocking, outcome } = report;
  const rules = new Map<string, SarifRule>();
  const indexOf = (gate: string, code: string): number => {
    const id = `${gate}/${code}`;
    if (!rules.has(id))
      rules.set(id, { id, name: code, shortDescription: { text: `${code} of the gate ${gate}` } });
    return [...rules.keys()].indexOf(id);
  };
  const base = (gate: string, code: string) => ({
    ruleId: `${gate}/${code}`,
    ruleIndex: indexOf(gate, code),
  });
  const place = (name: string) => [
    { logicalLocations: [{ fullyQualifiedName: name, kind: "resource" }] },
  ];
  const name = subject.version ?? subject.name;
  const results = gates.flatMap((gate): unknown[] => {
    if (!hasResult(gate)) {
      const text = `the gate ${gate.gate} was not run, because something else blocks`;
      return [
        {
          ...base(gate.gate, "NOT_RUN"),
          kind: "notApplicable",
          level: "none",
          message: { text },
          locations: place(name),
        },
      ];
    }
    const found = gate.reasons.map((reason) => ({
      ...base(gate.gate, reason.code),
      level: LEVELS[reason.level],
      message: { text: messageOf(reason) },
      locations: place(reason.subject ?? name),
      partialFingerprints: { "floe/v1": fingerprint(environment, gate, reason) },
      ...suppression(gate, reason),
      properties: { gate: gate.gate, status: gate.status, ...measuredBy(reason) },
    }));
    return [
      ...found,
      ...passes(gate).map((code) => ({
        ...base(gate.gate, code),
        kind: "pass",
        level: "none",
        message: { text: code === "PASSED" ? gate.summary : "the rule holds" },
        locations: place(name),
      })),
    ];
  });
  const errors = gates.filter((gate) => gate.status === "error").filter(hasResult);
  return {
    tool: { driver: { name: tool.name, version: tool.version, rules: [...rules.values()] } },
    automationDetails: { id: `floe/${environment}/` },
    invocations: [
      {
        // A gate that could not judge has not looked: its silence is no good news.
        executionSuccessful: errors.length === 0,
        endTimeUtc: at.toISOString(),
        toolExecutionNotifications: errors.map(({ gate, summary }) => ({
          level: "error",
          message: { text: `${gate}: ${summary}` },
        })),
      },
    ],
    results,
    properties: {
      subject,
      outcome,
      blocking: blocking.map(({ code, message }) => ({ code, message })),
    },
  };
}

function messageOf({ message, fix }: RecordedReason): string {
  return fix === undefined ? message : `${message}. ${fix}`;
}

function measuredBy({ measured, limit, where }: RecordedReason): Record<string, unknown> {
  return {
    ...(measured !== undefined && { measured }),
    ...(limit !== undefined && { limit }),
    ...(where !== undefined && { where }),
  };
}

// Stable from run to run, so that who collects them sees which findings are new.
function fingerprint(environment: string, gate: GateResult, reason: RecordedReason): string {
  const parts = [environment, gate.gate, reason.code, reason.where ?? "", reason.subject ?? ""];
  return digestOf(JSON.stringify(parts)).slice("sha256:".length);
}

function suppression(gate: GateResult, { exempted_by }: RecordedReason) {
  const by = gate.exemptions?.find(({ id }) => id === exempted_by);
  if (!by) return {};
  const justification = `${by.reason} (${by.id}, ${by.owner}, until ${by.expires})`;
  return { suppressions: [{ kind: "external", status: "accepted", justification }] };
}

/** What held: every rule of policies, else the gate as a whole. */
function passes(gate: GateResult): string[] {
  const rules = ruleLines(gate);
  if (rules.length > 0)
    return [...new Set(rules.flatMap(({ status, code }) => (status === "passed" ? [code] : [])))];
  return gate.status === "passed" ? ["PASSED"] : [];
}
