import type { GateResult, RecordedReason } from "@floe/core";

/** How much a finding counts. */
export type Severity = "error" | "warning" | "info";

/** One thing that is not as a policy wants it, as reports tell it. */
export interface PolicyViolation {
  /** `FLOE-E…`, stable. */
  readonly code: string;
  readonly severity: Severity;
  /** The built-in rule, `expr`, or `secret_scanning`. */
  readonly policy_type: string;
  /** The rule's id. */
  readonly rule: string | null;
  readonly message: string;
  readonly subject: string | null;
  readonly expected: string | number | null;
  readonly actual: string | number | null;
  readonly suggestion: string | null;
  /** Relative to floe's repository. */
  readonly documentation_url: string;
  /** The exemption that answers for it. */
  readonly exempted_by: string | null;
}

/** What the policies of one environment came to. */
export interface PolicyResult {
  readonly environment: string;
  readonly passed: boolean;
  /** `strict`: a rule may block. `warn`: none does more than warn. `off`: nothing was judged. */
  readonly enforcement: "strict" | "warn" | "off";
  readonly violations: readonly PolicyViolation[];
  readonly summary: {
    readonly rules: number;
    readonly errors: number;
    readonly warnings: number;
    readonly infos: number;
    readonly exempted: number;
  };
}

const SEVERITIES = { fail: "error", warn: "warning", info: "info" } as const;
const SECTIONS: Readonly<Record<string, string>> = {
  "1": "rules-that-are-always-on",
  "2": "rules-to-configure",
  "3": "secret-scanning",
  "4": "rules-of-your-own",
};

/** One rule in the details of the gate's result. */
export interface RuleLine {
  readonly id: string;
  readonly builtin: string;
  readonly code: string;
  readonly status: string;
  readonly severity: string;
}

/** The rules that the gate has listed in its details; none, where it could not judge. */
export function ruleLines({ details }: Pick<GateResult, "details">): RuleLine[] {
  const rules = details["rules"];
  if (!Array.isArray(rules)) return [];
  return rules.flatMap((line: unknown): RuleLine[] => {
    const { id, builtin, code, status, severity } = (line ?? {}) as Record<string, unknown>;
    if (typeof id !== "string" || typeof status !== "string") return [];
    return [
      { id, builtin: String(builtin), code: String(code), status, severity: String(severity) },
    ];
  });
}

/** The id of the rule that a reason of the policies is from; `null`: of none. */
export function ruleOf({ where = "" }: Pick<RecordedReason, "where">): string | null {
  return /^(?:policies\.rules\.|policies\.|built-in rule )(.+)$/s.exec(where)?.[1] ?? null;
}

/** Tells the result of `policy_compliance` in the words of policies. */
export function policyResult(environment: string, gate: GateResult): PolicyResult {
  const rules = ruleLines(gate);
  const judged = rules.filter(
    ({ status }) => status !== "other_environment" && status !== "needs_artifact",
  );
  const violations = gate.reasons.map((reason): PolicyViolation => {
    const rule = ruleOf(reason);
    return {
      code: reason.code,
      severity: SEVERITIES[reason.level],
      policy_type: rules.find(({ id }) => id === rule)?.builtin ?? "policy_compliance",
      rule,
      message: reason.message,
      subject: reason.subject ?? null,
      expected: reason.limit ?? null,
      actual: reason.measured ?? null,
      suggestion: reason.fix ?? null,
      documentation_url: documentationOf(reason.code),
      exempted_by: reason.exempted_by ?? null,
    };
  });
  const count = (severity: Severity): number =>
    violations.filter((one) => one.severity === severity).length;
  const blocks = judged.some(({ severity }) => severity === "error") || gate.status === "error";
  return {
    environment,
    passed: gate.status === "passed" || gate.status === "warning",
    enforcement: blocks ? "strict" : judged.length > 0 ? "warn" : "off",
    violations,
    summary: {
      rules: judged.length,
      errors: count("error"),
      warnings: count("warning"),
      infos: count("info"),
      exempted: violations.filter(({ exempted_by }) => exempted_by !== null).length,
    },
  };
}

function documentationOf(code: string): string {
  const hundred = /^FLOE-E(\d)\d\d$/.exec(code)?.[1] ?? "";
  return `docs/reference/policies.md#${SECTIONS[hundred] ?? "verdict"}`;
}
