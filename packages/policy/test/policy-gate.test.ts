import { describe, expect, test } from "vitest";
import { createPolicyGate } from "../src/index.ts";
import { findings, gateFor, IMAGE, judge, NOW, REPOSITORY, subjectOf } from "./subject.ts";

const NAMING = { id: "names", builtin: "naming", with: { allow: ["w*"] } };
const AGE = { id: "age", builtin: "max_age", with: { max: "30d" } };
const { signal } = new AbortController();

function provider() {
  const environments = ["dev", "staging", "prod"];
  return createPolicyGate({ policies: {}, environments, repository: REPOSITORY, now: () => NOW });
}

describe("createPolicyGate", () => {
  test("provides policy_compliance, which has no settings", async () => {
    expect(provider().id).toBe("policy_compliance");
    const { validate } = provider().config["~standard"];
    expect(await validate({})).toEqual({ value: {} });
    expect((await validate({ mode: "warn" })).issues).toHaveLength(1);
  });

  test("refuses policies that are not valid, all issues at once", () => {
    const rules = [{ id: "A", builtin: "nope" }, { id: "B" }];
    expect(() => gateFor({ rules })).toThrow(
      expect.objectContaining({
        code: "FLOE_MANIFEST_INVALID",
        details: { issues: [expect.stringContaining("nope"), expect.stringContaining("rules.1")] },
      }),
    );
  });

  test("refuses a rule for an environment that does not exist", () => {
    expect(() => gateFor({ rules: [{ ...NAMING, environments: ["prdo"] }] })).toThrow(
      'rules.names.environments: there is no environment "prdo"; did you mean prod?',
    );
  });

  test("ends at once when it is aborted", async () => {
    const aborted = AbortSignal.abort(new Error("stop"));
    await expect(gateFor({}).evaluate(subjectOf(), { signal: aborted })).rejects.toThrow("stop");
  });
});

describe("a rule's severity", () => {
  test.for([
    ["error", "failed", "fail FLOE-E207", "refused by 1 of 5 rules: names"],
    ["warning", "warning", "warn FLOE-E207", "warnings from 1 of 5 rules: names"],
    ["info", "passed", "info FLOE-E207", "notes from 1 of 5 rules: names"],
  ] as const)("%s makes the verdict %s", async ([severity, status, finding, summary]) => {
    const verdict = await judge([{ ...NAMING, severity }], subjectOf());
    expect(verdict).toMatchObject({
      status,
      summary: `${summary} (${verdict.reasons?.[0]?.message})`,
    });
    expect(findings(verdict)).toEqual([finding]);
  });
});

describe("a rule's environments", () => {
  test("a rule of other environments is not judged, and the details say so", async () => {
    const rules = [{ ...NAMING, environments: ["prod"] }];
    const verdict = await judge(rules, subjectOf(IMAGE, { target: "dev" }));
    expect(verdict).toMatchObject({ status: "passed", metrics: { rules: 4 } });
    expect(verdict.details?.["rules"]).toContainEqual({
      id: "names",
      builtin: "naming",
      code: "FLOE-E207",
      status: "other_environment",
    });
    expect(await judge(rules, subjectOf())).toMatchObject({ status: "failed" });
  });
});

describe("a rule's effective_on", () => {
  test.for([
    ["2026-11-22", "failed"],
    ["2026-11-23", "warning"],
    ["2026-11-22T12:00:00Z", "failed"],
    ["2026-11-22T13:00:01+01:00", "warning"],
  ] as const)("%s: %s", async ([effective_on, status]) => {
    expect(await judge([{ ...NAMING, effective_on }], subjectOf())).toMatchObject({ status });
  });

  test("before it, a violation warns and says from when it blocks", async () => {
    const verdict = await judge([{ ...NAMING, effective_on: "2027-01-31" }], subjectOf());
    expect(verdict.reasons?.[0]?.message).toContain("(blocks from 2027-01-31)");
  });

  test("before it, a rule that cannot be judged warns too", async () => {
    const verdict = await judge([{ ...AGE, effective_on: "2027-01-31" }], subjectOf());
    expect(findings(verdict)).toEqual(["warn FLOE-E001"]);
  });
});

describe("a rule that cannot be judged", () => {
  test("is an error when nothing else refuses the artifact", async () => {
    await expect(judge([AGE], subjectOf())).rejects.toMatchObject({
      code: "FLOE_GATE_ERROR",
      details: { rules: ["age"] },
    });
  });

  test("is a reason beside a violation, which is certain", async () => {
    const verdict = await judge([AGE, NAMING], subjectOf());
    expect(verdict.status).toBe("failed");
    expect(findings(verdict)).toEqual(["fail FLOE-E001", "fail FLOE-E207"]);
  });

  test("warns when the rule itself would only warn", async () => {
    const verdict = await judge([{ ...AGE, severity: "warning" }], subjectOf());
    expect(findings(verdict)).toEqual(["warn FLOE-E001"]);
    expect(verdict.status).toBe("warning");
  });
});

describe("an override of a rule", () => {
  const overrides = [
    { rule: "names", environments: ["dev"], severity: "info" },
    { rule: "names", environments: ["staging"], with: { allow: ["v*"] } },
  ];

  test.for([
    ["dev", "passed", ["info FLOE-E207"]],
    ["staging", "passed", []],
    ["prod", "failed", ["fail FLOE-E207"]],
  ] as const)("counts in its environments alone: %s", async ([target, status, found]) => {
    const verdict = await judge({ rules: [NAMING], overrides }, subjectOf(IMAGE, { target }));
    expect(verdict.status).toBe(status);
    expect(findings(verdict)).toEqual(found);
  });
});

describe("a verdict", () => {
  test("holds the rule's own message and suggestion, and the measured facts", async () => {
    const rules = [{ ...NAMING, message: "names begin with w", suggestion: "rename it" }];
    const verdict = await judge(rules, subjectOf());
    expect(verdict.reasons).toEqual([
      {
        code: "FLOE-E207",
        level: "fail",
        message: "names begin with w",
        subject: "v1.2.3",
        measured: "v1.2.3",
        limit: "w*",
        where: "policies.rules.names",
        fix: "rename it",
      },
    ]);
  });

  test("lists the gravest reasons first", async () => {
    const other = { ...NAMING, id: "later", severity: "warning" };
    const verdict = await judge([other, NAMING], subjectOf());
    expect(findings(verdict)).toEqual(["fail FLOE-E207", "warn FLOE-E207"]);
  });

  test.each([
    ["long names", "y"],
    ["control characters, which are six characters each in JSON", "\u0001"],
    ["quotation marks", '"'],
    ["pairs of surrogates", "\u{1d11e}"],
  ])("stays small whatever the artifact holds: %s", async (_, character) => {
    const layer = { ...IMAGE.layers[0], mediaType: `x/${character.repeat(2000)}` };
    const layers = Array.from({ length: 1500 }, () => layer);
    const rule = { id: "A", builtin: "allowed_media_types", with: { of: "layers", allow: ["z"] } };
    const verdict = await judge([rule], subjectOf({ ...IMAGE, layers }));
    expect(verdict.status).toBe("failed");
    expect(verdict.reasons).toHaveLength(100);
    expect(verdict.reasons?.at(-1)).toEqual({
      code: "FLOE-E002",
      level: "fail",
      message: "1401 more findings are not listed",
    });
    expect(JSON.stringify(verdict).length).toBeLessThan(256 * 1024);
  });

  test("is the same for a frozen subject", async () => {
    const subject = subjectOf();
    Object.freeze(subject.artifact.annotations);
    Object.freeze(subject.artifact);
    expect(await gateFor({}).evaluate(Object.freeze(subject), { signal })).toMatchObject({
      status: "passed",
    });
  });
});
