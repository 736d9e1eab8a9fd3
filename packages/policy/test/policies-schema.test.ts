import { describe, expect, test } from "vitest";
import { policiesSchema } from "../src/index.ts";

function issues(value: unknown): string[] {
  const result = policiesSchema.safeParse(value);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const RULE = { id: "A", builtin: "max_age", with: { max: "30d" } };

describe("policiesSchema", () => {
  test("accepts a full section and changes nothing when it parses its own output", () => {
    const section = {
      rules: [
        {
          ...RULE,
          severity: "warning",
          message: "too old",
          suggestion: "rebuild",
          environments: ["prod"],
          effective_on: "2027-01-31",
        },
        { id: "B", expr: "artifact.size < 10", effective_on: "2027-01-31T00:00:00+01:00" },
      ],
      exemptions: "exemptions.yaml",
      secret_scanning: { exclude: ["*.md"], custom: [{ id: "token", pattern: "tok_" }] },
      overrides: [{ rule: "A", environments: ["dev"], severity: "info" }],
    };
    const parsed = policiesSchema.parse(section);
    expect(policiesSchema.parse(parsed)).toEqual(parsed);
  });

  test("an empty section has no rules", () => {
    expect(policiesSchema.parse({})).toEqual({ rules: [], overrides: [] });
  });

  test("a rule blocks unless it says otherwise", () => {
    expect(policiesSchema.parse({ rules: [RULE] }).rules[0]?.severity).toBe("error");
  });

  test("is a Standard Schema", async () => {
    const result = await policiesSchema["~standard"].validate({ rules: 1 });
    expect(result.issues).toHaveLength(1);
  });

  test("an unknown rule gets the nearest name", () => {
    expect(issues({ rules: [{ id: "A", builtin: "max_aeg" }] })).toEqual([
      expect.stringMatching(
        /^rules\.0\.builtin: no built-in rule "max_aeg"; did you mean "max_age"\?/,
      ),
    ]);
    expect(issues({ rules: [{ id: "A", builtin: "quite_another" }] })[0]).not.toContain("mean");
  });

  test("a rule that is always on cannot be listed", () => {
    expect(issues({ rules: [{ id: "A", builtin: "artifact_pinned" }] })[0]).toContain("always on");
  });

  test("settings are checked by their rule, at their place", () => {
    expect(issues({ rules: [{ id: "A", builtin: "max_age", with: { max: 30 } }] })[0]).toMatch(
      /^rules\.0\.with\.max: /,
    );
    expect(issues({ rules: [{ id: "A", builtin: "max_age" }] })[0]).toMatch(/^rules\.0\.with\.max/);
    const extra = { ...RULE, with: { max: "30d", maximum: "30d" } };
    expect(issues({ rules: [extra] })[0]).toContain("maximum");
    expect(issues({ rules: [{ id: "A", builtin: "naming", with: { allow: ["{a,b}"] } }] })).toEqual(
      [expect.stringContaining("rules.0.with.allow.0: a pattern knows only")],
    );
  });

  test.for([
    ["an unknown key", { rules: [], rule: [] }, "rule"],
    ["an unknown key of a rule", { rules: [{ ...RULE, severty: "info" }] }, "severty"],
    ["an unknown severity", { rules: [{ ...RULE, severity: "high" }] }, "expected error (blocks)"],
    ["builtin and expr", { rules: [{ ...RULE, expr: "true" }] }, "either builtin or expr"],
    ["neither", { rules: [{ id: "A" }] }, "either builtin or expr"],
    ["with beside expr", { rules: [{ id: "A", expr: "true", with: {} }] }, "belongs to builtin"],
    ["an id with a space", { rules: [{ ...RULE, id: "a b" }] }, "rules.0.id"],
    ["no environments", { rules: [{ ...RULE, environments: [] }] }, "environments"],
    ["no date", { rules: [{ ...RULE, effective_on: "2027-02-30" }] }, "such as 2027-01-31"],
    ["a date without a zone", { rules: [{ ...RULE, effective_on: "2027-01-01T00:00:00" }] }, "RFC"],
  ] as const)("refuses %s", ([, value, message]) => {
    expect(issues(value).join("\n")).toContain(message);
  });

  test("refuses an id that is taken, also in other letter case", () => {
    expect(issues({ rules: [RULE, { ...RULE, id: "a" }] })).toEqual([
      "rules.1.id: the id a is taken by rule 1 of the list",
    ]);
  });
});
