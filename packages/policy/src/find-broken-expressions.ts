import type { Policies } from "./policies-schema.ts";

/**
 * Finds the rules whose expression cannot be read, and the patterns that are none of RE2, each as `where: why`. What is
 * needed for that is loaded only where there is something to check.
 */
export async function findBrokenExpressions(
  policies: Policies,
  options: { readonly signal: AbortSignal },
): Promise<string[]> {
  const rules = policies.rules.filter(({ expr }) => expr !== undefined);
  const patterns = [
    ...policies.rules.map((rule) => ({
      where: `policies.rules.${rule.id}.with.pattern`,
      pattern: rule.with?.["pattern"],
    })),
    ...(policies.secret_scanning?.custom ?? []).map(({ id, pattern }) => ({
      where: `policies.secret_scanning.custom.${id}.pattern`,
      pattern,
    })),
  ].filter((one): one is { where: string; pattern: string } => typeof one.pattern === "string");
  return [...(await brokenRules(rules, options)), ...(await brokenPatterns(patterns))];
}

async function brokenRules(
  rules: Policies["rules"],
  options: { readonly signal: AbortSignal },
): Promise<string[]> {
  if (rules.length === 0) return [];
  const { evaluateExpressions } = await import("./cel/evaluate-expressions.ts");
  const expressions = rules.map(({ expr }) => expr ?? "");
  const answers = await evaluateExpressions({ expressions, variables: null, missing: {} }, options);
  return answers.flatMap((answer, index) =>
    answer.kind === "holds"
      ? []
      : [`policies.rules.${rules[index]?.id}.expr: ${"reason" in answer ? answer.reason : ""}`],
  );
}

async function brokenPatterns(
  patterns: readonly { readonly where: string; readonly pattern: string }[],
): Promise<string[]> {
  if (patterns.length === 0) return [];
  const { RE2JS } = await import("re2js");
  return patterns.flatMap(({ where, pattern }) => {
    try {
      RE2JS.compile(pattern);
      return [];
    } catch {
      return [`${where}: not a pattern of RE2 (no look-around, no back-references)`];
    }
  });
}
