import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import { globSchema } from "./glob.ts";
import { ALWAYS_ON } from "./rules/always-on.ts";
import { CONFIGURABLE } from "./rules/configurable.ts";
import { patternSchema } from "./rules/name-pattern.ts";

const environmentNames = z.array(z.string().min(1)).min(1);
const ruleId = z.string().regex(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/, {
  error: "expected a letter, then letters, digits, '.', '_' or '-', at most 64 in all",
});
/** How much a violation counts: `error` blocks, `warning` and `info` are reported and recorded. */
const severity = z.enum(["error", "warning", "info"], {
  error: "expected error (blocks), warning or info",
});
// A date is its first moment in UTC, so that a rule begins everywhere at the same time.
const effectiveOn = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "expected a date such as 2027-01-31 or an RFC 3339 time",
});

function unknownRule(name: string): string {
  if (ALWAYS_ON.some((rule) => rule.name === name)) {
    return `the rule ${JSON.stringify(name)} is always on; remove it from the list`;
  }
  const names = [...CONFIGURABLE.keys()];
  const near = closest(name, names);
  const meant = distance(name, near) <= 3 ? `; did you mean ${JSON.stringify(near)}?` : "";
  return `no built-in rule ${JSON.stringify(name.slice(0, 64))}${meant} (there are ${names.join(", ")})`;
}

const ruleSchema = z
  .strictObject({
    id: ruleId,
    severity: severity.default("error"),
    builtin: z.string().optional(),
    with: z.record(z.string(), z.unknown()).optional(),
    expr: z.string().min(1).max(4096).optional(),
    message: z.string().min(1).max(500).optional(),
    suggestion: z.string().min(1).max(500).optional(),
    environments: environmentNames.optional(),
    effective_on: effectiveOn.optional(),
  })
  .superRefine((rule, context) => {
    const issue = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    if ((rule.builtin === undefined) === (rule.expr === undefined)) {
      issue([], "expected either builtin or expr");
    }
    if (rule.builtin === undefined) {
      if (rule.with !== undefined) issue(["with"], "with belongs to builtin");
      return;
    }
    const builtin = CONFIGURABLE.get(rule.builtin);
    if (builtin === undefined) return issue(["builtin"], unknownRule(rule.builtin));
    const settings = builtin.settings.safeParse(rule.with ?? {}, { jitless: true });
    for (const { path, message } of settings.error?.issues ?? []) issue(["with", ...path], message);
  });

/**
 * The section `artifacts.promotion.policies` of the manifest, strict. Its output has the input's shape with defaults filled in,
 * so parsing twice changes nothing. Settings of built-in rules are checked here too.
 */
export const policiesSchema = z
  .strictObject({
    rules: z
      .array(ruleSchema)
      .max(200)
      .default([])
      .superRefine((rules, context) => {
        const seen = new Map<string, number>();
        for (const [index, { id }] of rules.entries()) {
          // Ids that differ only in case would be one rule to whoever reads a report.
          const first = seen.get(id.toLowerCase());
          if (first === undefined) seen.set(id.toLowerCase(), index);
          else
            context.addIssue({
              code: "custom",
              path: [index, "id"],
              message: `the id ${id} is taken by rule ${first + 1} of the list`,
            });
        }
      }),
    /** Path of the exemptions file. */
    exemptions: z.string().min(1).optional(),
    secret_scanning: z
      .strictObject({
        enabled: z.boolean().default(true),
        exclude: z.array(globSchema).max(200).optional(),
        custom: z
          .array(z.strictObject({ id: ruleId, pattern: patternSchema }))
          .max(50)
          .optional(),
      })
      .optional(),
    overrides: z
      .array(
        z.strictObject({
          /** The id of a rule of the list. */
          rule: ruleId,
          environments: environmentNames,
          severity: severity.optional(),
          with: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .max(200)
      .default([]),
  })
  .superRefine(({ rules, overrides }, context) => {
    for (const [index, override] of overrides.entries()) {
      const issue = (path: PropertyKey[], message: string): void =>
        context.addIssue({ code: "custom", path: ["overrides", index, ...path], message });
      const rule = rules.find(({ id }) => id === override.rule);
      if (!rule) {
        const near =
          rules.length > 0
            ? `; did you mean ${closest(
                override.rule,
                rules.map(({ id }) => id),
              )}?`
            : "";
        issue(["rule"], `no rule has the id ${JSON.stringify(override.rule)}${near}`);
        continue;
      }
      if (override.severity === undefined && override.with === undefined)
        issue([], "changes nothing: write severity, with or both");
      if (override.with === undefined) continue;
      const builtin = rule.builtin === undefined ? undefined : CONFIGURABLE.get(rule.builtin);
      if (!builtin) {
        issue(["with"], "with belongs to a rule with builtin");
        continue;
      }
      const settings = builtin.settings.safeParse(
        { ...rule.with, ...override.with },
        { jitless: true },
      );
      for (const { path, message } of settings.error?.issues ?? [])
        issue(["with", ...path], message);
    }
  });

/** The section `policies` of a manifest, checked. */
export type Policies = z.output<typeof policiesSchema>;
/** One rule of {@link Policies}. */
export type PolicyRule = Policies["rules"][number];
