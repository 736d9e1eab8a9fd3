import { spawnSync } from "node:child_process";
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

  test("sees nothing of what others were judged with, in whatever order they come", async () => {
    const judgeAs = async (version: string, expr: string) =>
      (await judge(rule(expr), subjectOf(IMAGE, { version }))).status;
    const both = await Promise.all([
      judgeAs("v1.0.0", 'artifact.version == "v1.0.0"'),
      judgeAs("v2.0.0", 'artifact.version == "v2.0.0"'),
    ]);
    expect(both).toEqual(["passed", "passed"]);
    expect(await judgeAs("v3.0.0", 'artifact.version == "v2.0.0"')).toBe("failed");
    await expect(judge(rule("1 +"), subjectOf())).rejects.toThrow("cannot be read");
    expect(await judgeAs("v4.0.0", 'artifact.version == "v4.0.0"')).toBe("passed");
  });

  test("keeps no process from ending, whoever has judged by one", async () => {
    const script = `
      const { createPolicyGate } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});
      const policies = { rules: [{ id: "mine", expr: "artifact.size < 0" }] };
      const around = { environments: ["dev"], repository: "host/app", now: () => new Date() };
      const gate = createPolicyGate({ policies, ...around }).create({}, {});
      const artifact = { reference: "host/app@sha256:1", digest: "sha256:1", mediaType: "application/vnd.oci.image.manifest.v1+json", size: 2, version: "v1.0.0", annotations: {}, manifest: new TextEncoder().encode("{}") };
      const subject = { artifact, source: "none", target: "dev", dryRun: true, gate: "policy_compliance", run: null, reports: [], baseline: null };
      await gate.evaluate(subject, { signal: new AbortController().signal }).then(({ status }) => console.log(status), (cause) => console.log(cause.message));`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ["--conditions=@floe/source", "--input-type=module", "-e", script],
      {
        encoding: "utf8",
        timeout: 20_000,
      },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "failed\n" });
  });

  test("aborting ends a rule that is being evaluated", async () => {
    const abort = new AbortController();
    const judging = gateFor({ rules: rule("true") }).evaluate(subjectOf(), abort);
    abort.abort(new Error("stop"));
    await expect(judging).rejects.toThrow("stop");
  });
});
