import { FloeError } from "@floe/core/errors";
import { closest } from "fastest-levenshtein";
import { type Policies, type PolicyRule, policiesSchema } from "./policies-schema.ts";
import { ALWAYS_ON } from "./rules/always-on.ts";
import { CONFIGURABLE } from "./rules/configurable.ts";
import type { BuiltinRule, Judge } from "./rules/rule.ts";
import { scanSecrets } from "./secrets/secret-scanning.ts";

/** Code of what a rule with `expr` finds. */
const EXPRESSION = "FLOE-E401";

/** A rule, ready to judge. */
export interface BoundRule {
  /** The rule's id; that of an always-on rule is its name. */
  readonly id: string;
  readonly builtin: string;
  readonly code: string;
  /** Whether it needs an artifact, or only what one is made of. */
  readonly about: BuiltinRule["about"];
  /** Its place in the manifest. */
  readonly where: string;
  /** `null`: an expression, which is evaluated elsewhere. */
  readonly judge: Judge | null;
  /** `null` for an always-on rule and for secret scanning. */
  readonly rule: PolicyRule | null;
}

function invalid(lines: readonly string[]): FloeError {
  return new FloeError({
    code: "FLOE_MANIFEST_INVALID",
    message: `the manifest's policies are not valid: ${lines.join("; ")}`,
    hint: "The rules and their settings are in docs/reference/policies.md.",
    details: { issues: [...lines] },
  });
}

/**
 * Checks what no schema can without loading much: expressions and patterns.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - with all that cannot be read
 */
export async function checkExpressions(
  policies: Policies,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const { findBrokenExpressions } = await import("./find-broken-expressions.ts");
  const broken = await findBrokenExpressions(policies, options);
  if (broken.length > 0) throw invalid(broken);
}

/** @throws {FloeError} FLOE_MANIFEST_INVALID - every issue of the policies, or unknown environments */
export function parsePolicies(value: unknown, environments: readonly string[]): Policies {
  const result = policiesSchema.safeParse(value ?? {}, { jitless: true });
  if (!result.success) {
    throw invalid(
      result.error.issues.map(({ path, message }) =>
        path.length === 0 ? message : `${path.join(".")}: ${message}`,
      ),
    );
  }
  // A rule for an environment that does not exist would never judge anything.
  const lists = [
    ...result.data.rules.map((rule) => [`rules.${rule.id}`, rule.environments ?? []] as const),
    ...result.data.overrides.map((one) => [`overrides.${one.rule}`, one.environments] as const),
  ];
  const unknown = lists.flatMap(([where, names]) =>
    names
      .filter((name) => !environments.includes(name))
      .map((name) => {
        const near =
          environments.length > 0 ? `; did you mean ${closest(name, environments)}?` : "";
        return `${where}.environments: there is no environment ${JSON.stringify(name)}${near}`;
      }),
  );
  if (unknown.length > 0) throw invalid(unknown);
  return result.data;
}

/** A rule as an environment has it: with what `overrides` change for it. Later overrides win. */
function asIn(rule: PolicyRule, overrides: Policies["overrides"], target: string): PolicyRule {
  const changed: { -readonly [Key in keyof PolicyRule]: PolicyRule[Key] } = { ...rule };
  for (const { rule: id, environments, severity, with: settings } of overrides) {
    if (id !== rule.id || !environments.includes(target)) continue;
    if (severity !== undefined) changed.severity = severity;
    if (settings !== undefined) changed.with = { ...changed.with, ...settings };
  }
  return changed;
}

/** The rules of an environment with their settings bound: those that are always on first. */
export function bindRules(policies: Policies, target: string): BoundRule[] {
  const always = ALWAYS_ON.map(
    (builtin): BoundRule => ({
      id: builtin.name,
      builtin: builtin.name,
      code: builtin.code,
      about: builtin.about,
      where: `built-in rule ${builtin.name}`,
      judge: builtin.bind({}),
      rule: null,
    }),
  );
  const configured = policies.rules.flatMap((written): BoundRule[] => {
    const rule = asIn(written, policies.overrides, target);
    const builtin = rule.builtin === undefined ? undefined : CONFIGURABLE.get(rule.builtin);
    const place = { id: rule.id, rule, where: `policies.rules.${rule.id}` };
    if (rule.expr !== undefined)
      return [{ ...place, builtin: "expr", code: EXPRESSION, about: "content", judge: null }];
    if (builtin === undefined) return [];
    const { name, code, about } = builtin;
    return [{ ...place, builtin: name, code, about, judge: builtin.bind(rule.with) }];
  });
  const scanning = policies.secret_scanning;
  if (scanning?.enabled !== true) return [...always, ...configured];
  return [
    ...always,
    {
      id: "secret_scanning",
      builtin: "secret_scanning",
      code: "FLOE-E301",
      about: "content",
      where: "policies.secret_scanning",
      judge: (input) => scanSecrets(input, scanning),
      rule: null,
    },
    ...configured,
  ];
}
