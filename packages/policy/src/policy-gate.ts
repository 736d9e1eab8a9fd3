import { FloeError } from "@floe/core/errors";
import type { GateProvider, GateSubject, GateVerdict } from "@floe/core/plugin";
import { z } from "zod";
import { type BoundRule, bindRules, parsePolicies } from "./bind-rules.ts";
import { judgeRule } from "./judge-rule.ts";
import type { Policies, PolicyRule } from "./policies-schema.ts";
import { readManifest } from "./read-manifest.ts";
import type { RuleInput } from "./rules/rule.ts";
import { verdictOf } from "./verdict.ts";

/** What the composition root tells the gate. */
export interface PolicyGateOptions {
  /** The manifest's `policies`, checked here by {@link policiesSchema}. */
  readonly policies: unknown;
  /** The configured environments, in any order. */
  readonly environments: readonly string[];
  /** The configured repository, as its store names it. */
  readonly repository: string;
  /** `artifacts.tags.version_pattern`. Default semver. */
  readonly versionPattern?: RegExp | null;
  readonly now: () => Date;
}

const configSchema = z.strictObject({});

function appliesTo(rule: PolicyRule | null, target: string): boolean {
  return rule?.environments?.includes(target) ?? true;
}

/** What is configured for an environment and cannot be judged by this version. */
function unsupported(policies: Policies, target: string): string[] {
  return [
    ...policies.rules
      .filter((rule) => rule.expr !== undefined && appliesTo(rule, target))
      .map((rule) => `policies.rules.${rule.id}.expr`),
    ...(policies.exemptions === undefined ? [] : ["policies.exemptions"]),
    ...(policies.secret_scanning?.enabled ? ["policies.secret_scanning"] : []),
    ...(policies.overrides.some((one) => one.environments.includes(target))
      ? ["policies.overrides"]
      : []),
  ];
}

function evaluate(
  options: PolicyGateOptions,
  policies: Policies,
  rules: readonly BoundRule[],
  { artifact, target }: GateSubject,
): GateVerdict {
  const missing = unsupported(policies, target);
  if (missing.length > 0) {
    throw new FloeError({
      code: "FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED",
      message: `this version of floe cannot judge ${missing.join(", ")}`,
      hint: "Remove it from the manifest or say it with built-in rules; floe does not promote past a policy that it cannot judge.",
      details: { unsupported: missing },
    });
  }
  const at = artifact.reference.lastIndexOf("@");
  const own = at === -1 ? artifact.reference : artifact.reference.slice(0, at);
  const input: RuleInput = {
    artifact,
    manifest: readManifest(artifact.manifest, artifact.mediaType),
    repositories: [...new Set([own, options.repository])],
    environments: options.environments,
    versionPattern: options.versionPattern ?? null,
    now: options.now(),
  };
  const applicable = rules.filter(({ rule }) => appliesTo(rule, target));
  const elsewhere = rules.filter(({ rule }) => !appliesTo(rule, target));
  return verdictOf(
    applicable.map((bound) => judgeRule(bound, input)),
    elsewhere,
  );
}

/**
 * Makes the gate `policy_compliance`, which judges every promotion by floe's own rules and by the manifest's.
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the policies are not valid or name an environment that does not exist
 */
export function createPolicyGate(
  options: PolicyGateOptions,
): GateProvider<Readonly<Record<string, never>>> {
  const policies = parsePolicies(options.policies, options.environments);
  const rules = bindRules(policies);
  return {
    id: "policy_compliance",
    summary: "Judges the artifact by floe's built-in rules and the manifest's policies",
    config: configSchema,
    create: () => ({
      evaluate: (subject, { signal }) => {
        signal.throwIfAborted();
        return evaluate(options, policies, rules, subject);
      },
    }),
  };
}
