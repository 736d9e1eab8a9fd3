import { type EnforcementReport, hasResult } from "./enforcement-report.ts";
import { policyResult } from "./policy-result.ts";

/** A report as JSON; documented in `docs/reference/reports.md`. */
export function reportJson(report: EnforcementReport): string {
  const { title, subject, outcome, passed, blocking, warnings, environments, tool, at } = report;
  const value = {
    kind: "EnforcementReport",
    version: 1,
    title,
    generated_at: at.toISOString(),
    tool,
    subject,
    outcome,
    passed,
    blocking,
    warnings,
    environments: environments.map(({ environment, gates }) => {
      const policies = gates.filter(hasResult).find(({ kind }) => kind === "policy_compliance");
      return {
        environment,
        policy: policies ? policyResult(environment, policies) : null,
        gate_results: gates,
      };
    }),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}
