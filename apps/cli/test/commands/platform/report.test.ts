import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

const LIST = [
  { id: "small", expr: "artifact.size < 10", message: "the manifest is too large" },
  { id: "refs", builtin: "references_resolve", environments: ["dev"] },
];

describe("a report that cannot be written any more", () => {
  test("is a warning of what was promoted, and an error of a dry run", async () => {
    await using project = await aProject({ environments: [{ name: "dev" }] });
    // A folder of that name: it is seen only when the report is put into its place.
    mkdirSync(join(project.dir, "r.json", "in-the-way"), { recursive: true });
    const args = ["promote", "v1.0.0", "--to", "dev", "--report", "r.json"];

    const dry = await project.run(...args, "--dry-run");
    expect(dry.code).toBe(2);
    expect(dry.stderr).toMatch(/r\.json cannot be written: (?:EISDIR|ENOTEMPTY|EEXIST)/);

    const done = await project.run(...args, "-o", "json");
    expect(done.code).toBe(0);
    expect(done.stderr).toContain("the report was not written: r.json cannot be written");
    expect(JSON.parse(done.stdout)).toMatchObject({
      success: true,
      warnings: expect.arrayContaining([expect.stringContaining("the report was not written")]),
    });
    expect((await project.tags())["latest-dev"]).toBeDefined();
  });
});

describe("policies of one's own", () => {
  test("refuse a promotion, let an exempted one through and are in the report of both", async () => {
    await using project = await aProject({
      environments: [{ name: "dev", gates: { policy_compliance: true } }],
      policies: { exemptions: "exemptions.yaml", rules: [LIST[0]] },
    });
    const exemption = {
      ...{ id: "EX-1", gate: "policy_compliance", match: { rule: "small" }, owner: "ann" },
      ...{ reason: "the new registry takes them", expires: "2020-01-01" },
    };
    const write = (one: object): void =>
      project.write("exemptions.yaml", JSON.stringify({ exemptions: [one] }));

    write(exemption);
    const refused = await project.run("promote", "v1.0.0", "--to", "dev", "--report", "r.sarif");
    expect(refused.code).toBe(8);
    expect(refused.stderr).toContain("refused by 1 of 5 rules: small (the manifest is too large)");
    const [run] = JSON.parse(project.read("r.sarif")).runs;
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(
      expect.arrayContaining([
        "policy_compliance/FLOE-E401",
        "policy_compliance/EXEMPTION_EXPIRED",
      ]),
    );

    write({ ...exemption, expires: "2999-12-31" });
    const args = ["promote", "v1.0.0", "--to", "dev", "--report", "r", "--report-format", "json"];
    const dry = await project.done(...args, "--dry-run");
    const predicted = JSON.parse(project.read("r"));
    expect(predicted).toMatchObject({ outcome: "would succeed", passed: true, blocking: [] });
    expect(predicted.environments[0].policy.violations).toEqual([
      expect.objectContaining({ code: "FLOE-E401", severity: "warning", exempted_by: "EX-1" }),
    ]);
    expect(dry.stderr + dry.stdout).toContain("EX-1");

    const done = await project.done(...args, "-o", "json");
    expect(JSON.parse(project.read("r"))).toMatchObject({ outcome: "promoted", passed: true });
    expect(done.json).toMatchObject({
      gate_results: [
        {
          status: "warning",
          exemptions: [{ id: "EX-1", owner: "ann", status: "used", findings: 1 }],
        },
      ],
    });
    const verified = await project.run("platform", "verify", "--env", "dev");
    expect(verified.code).toBe(0);
  });

  test("that nobody can read are errors of the manifest, all at once", async () => {
    await using project = await aProject({
      policies: {
        secret_scanning: { custom: [{ id: "mine", pattern: "(?=a)" }] },
        rules: [
          { id: "a", expr: "1 +" },
          { id: "b", builtin: "naming", with: { pattern: "(" } },
        ],
      },
    });
    const { code, stderr } = await project.run("manifest", "validate");
    expect(code).toBe(2);
    expect(stderr).toContain("policies.rules.a.expr: ");
    expect(stderr).toContain("policies.rules.b.with.pattern: ");
    expect(stderr).toContain("policies.secret_scanning.custom.mine.pattern: ");
  });

  test("a report that cannot be written is refused before anything is promoted", async () => {
    await using project = await aProject();
    const ended = await project.run("promote", "v1.0.0", "--to", "dev", "--report", "no/r.json");
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("--report") });
    expect(Object.keys(await project.tags())).not.toContain("v1.0.0-dev");
  });
});

describe("floe platform compile --enforcement-report", () => {
  test("judges before anything is published, and compiles all the same", async () => {
    await using project = await aProject({ policies: { secret_scanning: {}, rules: LIST } });
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const spec = (note: string): void =>
      project.write(
        "floe.yaml",
        JSON.stringify({
          ...{ apiVersion: "floe.dev/v1", kind: "Spec", metadata: { name: "shop" } },
          components: [{ name: "api", type: "service", config: { note } }],
        }),
      );
    const args = ["platform", "compile", "--enforcement-report", "p.xml"];

    spec("nothing secret");
    await project.done(...args);
    expect(project.read("p.xml")).toContain('failures="0" errors="0"');

    spec(secret);
    const refused = await project.run(...args, "--json");
    expect(refused.code).toBe(8);
    expect(refused.json).toMatchObject({
      success: false,
      policies: [
        { environment: "dev", status: "failed" },
        { environment: "staging", status: "failed" },
        { environment: "prod", status: "failed" },
      ],
    });
    expect(project.read("p.xml")).toContain("a GitHub token is in compiled_artifacts.json");
    expect(project.read("p.xml") + refused.stdout + refused.stderr).not.toContain(secret);
    expect(project.read("target/compiled_artifacts.json")).toContain("CompiledArtifact");
  });
});
