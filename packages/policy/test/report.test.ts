import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { GateResult } from "@floe/core";
import { digestOf } from "@floe/core/model";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { type EnforcementReport, writeReport } from "../src/report.ts";
import { NOW } from "./subject.ts";

const HOSTILE = `</style><script>alert(1)</script>"'&\u0000\u202e]]>`;

const POLICY: GateResult = {
  ...{ gate: "policy_compliance", kind: "policy_compliance", status: "failed", required: true },
  duration_ms: 12,
  summary: "refused by 1 of 5 rules: names",
  reasons: [
    {
      ...{ code: "FLOE-E207", level: "fail", message: `bad name ${HOSTILE}`, subject: "v1.2.3" },
      ...{ measured: "v1.2.3", limit: "w*", where: "policies.rules.names", fix: "rename it" },
    },
    {
      ...{
        code: "FLOE-E203",
        level: "warn",
        message: "old (exempt until 2027-01-31 by ann: EX-1)",
      },
      ...{ where: "policies.rules.age", exempted_by: "EX-1" },
    },
  ],
  exemptions: [
    {
      ...{ id: "EX-1", owner: "ann", reason: HOSTILE, expires: "2027-01-31", status: "used" },
      findings: 1,
    },
  ],
  metrics: {},
  details: {
    rules: [
      {
        id: "artifact_pinned",
        builtin: "artifact_pinned",
        code: "FLOE-E101",
        severity: "error",
        status: "passed",
      },
      { id: "names", builtin: "naming", code: "FLOE-E207", severity: "error", status: "failed" },
      { id: "age", builtin: "max_age", code: "FLOE-E203", severity: "error", status: "failed" },
      { id: "far", builtin: "naming", code: "FLOE-E207", status: "other_environment" },
    ],
  },
  ...{ judged_by: "artifact", plugin: null },
};

const TESTS: GateResult = {
  ...{ gate: "tests", kind: "tests", status: "error", required: true, duration_ms: 1500 },
  summary: "could not judge: no report",
  reasons: [{ code: "REPORT_MISSING", level: "fail", message: "no report", where: "junit.xml" }],
  error: { code: "REPORT_MISSING", message: "no report" },
  ...{ metrics: {}, details: {}, judged_by: "nothing", plugin: null },
};

const CUSTOM: GateResult = {
  ...{ ...TESTS, gate: "licences", kind: "licences", status: "passed", summary: "ended with 0" },
  ...{ reasons: [], judged_by: "exit_status" },
};

const report: EnforcementReport = {
  title: `Promotion of v1.2.3 to prod ${HOSTILE}`,
  subject: { name: "host/app", version: "v1.2.3", digest: digestOf("x") },
  outcome: "refused",
  passed: false,
  blocking: [{ code: "FLOE_GATE_FAILED", message: HOSTILE, hint: null }],
  warnings: [HOSTILE],
  environments: [
    { environment: "prod", gates: [POLICY, TESTS, CUSTOM, { gate: "late", status: "not_run" }] },
  ],
  tool: { name: "floe", version: "1.0.0" },
  at: NOW,
};

function parseXml(text: string) {
  const elements: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof elements)[number][] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes: attributes as Record<string, string>, text: "" };
    elements.push(element);
    open.push(element);
  });
  parser.on("text", (part) => {
    const last = open.at(-1);
    if (last) last.text += part;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  return elements;
}

describe("a report as JSON", () => {
  test("tells the policies' result in their own words, beside every gate's", async () => {
    const value = JSON.parse(await writeReport(report, "json"));
    expect(value).toMatchObject({ kind: "EnforcementReport", version: 1, passed: false });
    const [environment] = value.environments;
    expect(environment.gate_results).toHaveLength(4);
    expect(environment.policy).toEqual({
      environment: "prod",
      passed: false,
      enforcement: "strict",
      summary: { rules: 3, errors: 1, warnings: 1, infos: 0, exempted: 1 },
      violations: [
        {
          code: "FLOE-E207",
          severity: "error",
          policy_type: "naming",
          rule: "names",
          message: `bad name ${HOSTILE}`,
          subject: "v1.2.3",
          expected: "w*",
          actual: "v1.2.3",
          suggestion: "rename it",
          documentation_url: "docs/reference/policies.md#rules-to-configure",
          exempted_by: null,
        },
        expect.objectContaining({ rule: "age", severity: "warning", exempted_by: "EX-1" }),
      ],
    });
  });

  test("names sections of the reference that exist", async () => {
    const page = readFileSync(
      new URL("../../../docs/reference/policies.md", import.meta.url),
      "utf8",
    );
    const anchors = [...page.matchAll(/^##+ (.+)$/gm)].map(([, title = ""]) =>
      title.toLowerCase().replaceAll(" ", "-"),
    );
    for (const code of ["FLOE-E001", "FLOE-E101", "FLOE-E201", "FLOE-E301", "FLOE-E401"]) {
      const reasons = [{ ...POLICY.reasons[0], code, level: "fail" as const, message: "x" }];
      const gates = [{ ...POLICY, reasons }];
      const text = await writeReport(
        { ...report, environments: [{ environment: "prod", gates }] },
        "json",
      );
      const [violation] = JSON.parse(text).environments[0].policy.violations;
      expect(anchors).toContain(violation.documentation_url.split("#")[1]);
    }
  });
});

describe("a report as SARIF", () => {
  test("is SARIF 2.1.0 by the schema of OASIS", async () => {
    const require = createRequire(import.meta.url);
    const folder = require
      .resolve("@microsoft/jest-sarif/package.json")
      .replace("package.json", "");
    const schema = JSON.parse(readFileSync(`${folder}lib/schemas/sarif-2.1.0-rtm.5.json`, "utf8"));
    const ajv = new Ajv({
      strict: false,
      allErrors: true,
      validateSchema: false,
      unicodeRegExp: false,
    });
    addFormats.default(ajv);
    const validate = ajv.compile({ ...schema, $schema: undefined, id: undefined });
    const value = JSON.parse(await writeReport(report, "sarif"));
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...value, runs: [{ results: [] }] })).toBe(false);
  });

  test("has a result for each finding, and says what was exempted, what held and what was not judged", async () => {
    const [run] = JSON.parse(await writeReport(report, "sarif")).runs;
    type Result = {
      ruleId: string;
      level: string;
      kind?: string;
      suppressions?: unknown[];
      ruleIndex: number;
    };
    const results = run.results as Result[];
    expect(results.map(({ ruleId, level, kind }) => `${ruleId} ${kind ?? level}`)).toEqual([
      "policy_compliance/FLOE-E207 error",
      "policy_compliance/FLOE-E203 warning",
      "policy_compliance/FLOE-E101 pass",
      "tests/REPORT_MISSING error",
      "licences/PASSED pass",
      "late/NOT_RUN notApplicable",
    ]);
    expect(results[1]?.suppressions).toHaveLength(1);
    expect(results[0]?.suppressions).toBeUndefined();
    for (const result of results)
      expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(run.invocations[0].executionSuccessful).toBe(false);
  });
});

describe("a report as JUnit XML", () => {
  test("counts what failed, could not be judged and was skipped", async () => {
    const elements = parseXml(await writeReport(report, "junit"));
    const [root] = elements;
    expect(root?.attributes).toMatchObject({
      tests: "7",
      failures: "1",
      errors: "1",
      skipped: "3",
    });
    const suites = elements.filter(({ name }) => name === "testsuite");
    expect(suites.map(({ attributes }) => attributes["name"])).toEqual([
      "prod.policy_compliance",
      "prod.tests",
      "prod.licences",
      "prod.late",
    ]);
    const [failure] = elements.filter(({ name }) => name === "failure");
    expect(failure?.attributes["message"]).toContain("</style><script>alert(1)</script>\"'&");
    expect(elements.some(({ name }) => name === "script")).toBe(false);
  });

  test("never shows a gate that refused without a reason as passed", async () => {
    const gates = [{ ...CUSTOM, status: "failed" as const }];
    const text = await writeReport(
      { ...report, environments: [{ environment: "prod", gates }] },
      "junit",
    );
    expect(parseXml(text)[0]?.attributes).toMatchObject({ tests: "1", failures: "1" });
  });
});

describe("a report as HTML", () => {
  test("is one page that loads and runs nothing, whatever it tells", async () => {
    const page = await writeReport(report, "html");
    expect(page).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|url\(|@import/i);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("prefers-color-scheme: dark");
    expect(page).toContain("@media print");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(page).not.toContain("\u202e");
    expect(page).not.toContain("\u0000");
    expect(page).toContain("Exempt until 2027-01-31 by ann (EX-1)");
  });
});
