import { FloeError } from "@floe/core/errors";
import { closest } from "fastest-levenshtein";
import { type Policies, type PolicyRule, policiesSchema } from "./policies-schema.ts";
import { ALWAYS_ON } from "./rules/always-on.ts";
import { CONFIGURABLE } from "./rules/configurable.ts";
import type { Judge } from "./rules/rule.ts";

/** A rule, ready to judge. */
export interface BoundRule {
  /** The rule's id; that of an always-on rule is its name. */
  readonly id: string;
  readonly builtin: string;
  readonly code: string;
  readonly judge: Judge;
  /** `null` for an always-on rule. */
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

/** The rules that floe can judge, always-on rules first, with their settings bound. */
export function bindRules(policies: Policies): BoundRule[] {
  const always = ALWAYS_ON.map((builtin) => ({
    id: builtin.name,
    builtin: builtin.name,
    code: builtin.code,
    judge: builtin.bind({}),
    rule: null,
  }));
  const configured = policies.rules.flatMap((rule) => {
    const builtin = rule.builtin === undefined ? undefined : CONFIGURABLE.get(rule.builtin);
    if (builtin === undefined) return [];
    const { name, code } = builtin;
    return [{ id: rule.id, builtin: name, code, judge: builtin.bind(rule.with), rule }];
  });
  return [...always, ...configured];
}
