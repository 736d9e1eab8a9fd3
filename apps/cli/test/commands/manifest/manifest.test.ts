import { expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

test("manifest validate says that it is valid, and what this version cannot judge", async () => {
  await using project = await aProject({
    environments: [
      { name: "dev", gates: { policy_compliance: true } },
      { name: "prod", gates: { policy_compliance: true } },
    ],
  });
  const written = project.read("manifest.yaml");
  const audit = "promotion:\n    audit: { repository: oci://127.0.0.1:1/audit }";
  project.write("manifest.yaml", written.replace("promotion:", audit));
  const run = await project.done("manifest", "validate", "-o", "json");
  expect(run.json).toEqual({
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    success: true,
    path: `${project.dir}/manifest.yaml`,
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    environments: ["dev", "prod"],
    unsupported: ["artifacts.promotion.audit.repository"],
    ignored: [],
  });
  const text = await project.done("manifest", "validate");
  expect(text.stdout).toMatch(
    /is valid: dev → prod\n {2}! .*audit\.repository .* cannot be judged/,
  );
});

test("manifest schema is a JSON Schema with the settings of the installed gates", async () => {
  await using project = await aProject();
  const { json } = await project.done("manifest", "schema");
  expect(json).toMatchObject({
    $schema: expect.stringContaining("json-schema.org"),
    type: "object",
  });
  expect(JSON.stringify(json)).toContain("min_tests");
});

test("manifest explain fills in the defaults and shows no secret", async () => {
  await using project = await aProject({
    environments: [{ name: "dev", gates: { policy_compliance: true } }],
    gateCommands: { tests: { command: "true", secret_env: { TOKEN: "env:SCAN_TOKEN" } } },
  });
  const env = { SCAN_TOKEN: "hunter2-but-longer" };
  const json = await project.runWith({ env }, "manifest", "explain", "-o", "json");
  expect(json.code).toBe(0);
  const text = await project.runWith({ env }, "manifest", "explain");
  expect(text.stdout).toContain("policy_compliance");
  for (const run of [json, text])
    expect(run.stdout + run.stderr).not.toContain("hunter2-but-longer");
});
