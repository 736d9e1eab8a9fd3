import { describe, expect, test } from "vitest";
import { aPlatform } from "./a-platform.ts";
import { findings, gateFor, IMAGE, judge, subjectOf } from "./subject.ts";

const rule = (expr: string, more: object = {}) => [{ id: "mine", expr, ...more }];

describe("a rule in CEL", () => {
  test.for([
    'artifact.version == "v1.2.3" && artifact.media_type.endsWith("+json")',
    'annotations["org.opencontainers.image.ref.name"] == "main"',
    'environment.name == "prod" && environment.source == "staging" && environment.order.size() == 3',
    "timestamp(now) < timestamp('2027-01-01T00:00:00Z')",
    "[]",
    // Names that objects of JavaScript have anyway are not there unless the artifact has them.
    '!has(annotations.constructor) && annotations["__proto__"] == "mine"',
  ])("holds: %s", async (expr) => {
    const annotations = Object.fromEntries([
      ["org.opencontainers.image.ref.name", "main"],
      ["__proto__", "mine"],
    ]);
    const verdict = await judge(rule(expr), subjectOf(IMAGE, { annotations }));
    expect(verdict).toMatchObject({ status: "passed", reasons: [] });
  });

  test("that is false refuses, with the rule's own words", async () => {
    const words = { message: "only main goes to prod", suggestion: "merge first" };
    const verdict = await judge(rule('"ref" in annotations', words), subjectOf());
    expect(verdict).toMatchObject({
      status: "failed",
      reasons: [
        {
          code: "FLOE-E401",
          message: "only main goes to prod",
          fix: "merge first",
          where: "policies.rules.mine",
        },
      ],
    });
  });

  test("that lists what is wrong has a finding for each", async () => {
    const { subject, facts } = aPlatform([{ name: "db" }, { name: "API" }, { name: "Web" }]);
    const expr =
      'components.filter(c, !c.name.matches("^[a-z]+$")).map(c, c.name + " is not lower case")';
    const verdict = await judge(rule(expr), subject, facts);
    expect(verdict.reasons?.map(({ message }) => message)).toEqual([
      "API is not lower case",
      "Web is not lower case",
    ]);
  });

  test("speaks of numbers, owners and labels of a platform", async () => {
    const { subject, facts } = aPlatform([{ name: "db", config: { replicas: 2, cpu: 0.5 } }], {
      team: "a",
    });
    const expr =
      'components.all(c, c.config.replicas >= 2 && c.config.cpu < 1.0) && platform.name == "shop" && labels.team == "a"';
    expect(await judge(rule(expr), subject, facts)).toMatchObject({ status: "passed" });
  });

  test.for([
    ["an unknown key", 'annotations["nope"] == "1"', "could not be evaluated"],
    ["an unknown variable", "nope == 1", "could not be evaluated"],
    ["what is no expression", "1 +", "cannot be read"],
    ["another type than bool", '"yes"', "expected a bool or a list of strings"],
    ["a list of other things", "[1]", "expected a bool or a list of strings"],
    ["a broken pattern", '"a".matches("(((")', "could not be evaluated"],
    ["components of an image", "components.size() == 0", "there is no components"],
    ["nesting without end", `${"(".repeat(2000)}true${")".repeat(2000)}`, "cannot be read"],
  ] as const)("is an error, and not a pass, with %s", async ([, expr, why]) => {
    await expect(judge(rule(expr), subjectOf())).rejects.toThrow(why);
  });

  test("an error of a rule that would only warn is a warning", async () => {
    const verdict = await judge(rule("nope", { severity: "warning" }), subjectOf());
    expect(findings(verdict)).toEqual(["warn FLOE-E001"]);
  });

  test("that would never end is ended, and the others are judged all the same", async () => {
    const list = `[${Array.from({ length: 100 }, (_, index) => index).join(",")}]`;
    // 100 to the power of 5 steps.
    const nested = ["a", "b", "c", "d", "e"].reduceRight(
      (inner, name) => `${list}.all(${name}, ${inner})`,
      "true",
    );
    const rules = [
      { id: "bomb", expr: nested },
      { id: "quick", expr: "artifact.size < 0" },
    ];
    const verdict = await judge(rules, subjectOf());
    expect(verdict.status).toBe("failed");
    expect(verdict.reasons?.map(({ where, code }) => `${where} ${code}`)).toEqual([
      "policies.rules.bomb FLOE-E001",
      "policies.rules.quick FLOE-E401",
    ]);
    expect(verdict.reasons?.[0]?.message).toContain("had not ended after 1000 ms");
  });

  test("a pattern that costs others exponential time costs none", async () => {
    const expr = '!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("^(a+)+$"))';
    expect(await judge(rule(expr), subjectOf())).toMatchObject({ status: "passed" });
  });

  test("aborting ends a rule that is being evaluated", async () => {
    const abort = new AbortController();
    const judging = gateFor({ rules: rule("true") }).evaluate(subjectOf(), abort);
    abort.abort(new Error("stop"));
    await expect(judging).rejects.toThrow("stop");
  });
});
