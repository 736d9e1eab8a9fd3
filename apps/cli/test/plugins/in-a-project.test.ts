import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../bed/a-project.ts";
import { type PluginInput, writePlugin } from "../bed/write-plugin.ts";

const PLUGIN = "floe-plugin-acme";

/** A project whose dev environment has the gate `acme_check` of a plugin in the project's own node_modules. */
async function withPlugin(
  input: PluginInput,
  plugins: Readonly<Record<string, unknown>> = { use: [PLUGIN] },
  settings: unknown = true,
): Promise<Project> {
  const project = await aProject({
    environments: [
      { name: "dev", gates: { policy_compliance: true, acme_check: settings } },
      { name: "prod", gates: { policy_compliance: true } },
    ],
    plugins,
  });
  writePlugin(project.dir, PLUGIN, input);
  return project;
}

const PASSES = 'return { status: "passed", summary: "all is well" };';

describe("a plugin of the project", () => {
  test("judges the artifact, and its name, version and origin stand in the result", async () => {
    await using project = await withPlugin({
      gates: {
        acme_check: `
          services.logger.info("looking");
          const size = JSON.parse(new TextDecoder().decode(subject.artifact.manifest)).layers.length;
          return { status: "passed", summary: subject.artifact.version + " has " + size + " layer for " + subject.target,
            metrics: { layers: size } };`,
      },
    });
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect((run.json["gate_results"] as unknown[])[1]).toMatchObject({
      gate: "acme_check",
      status: "passed",
      summary: "v1.0.0 has 1 layer for dev",
      metrics: { layers: 1 },
      judged_by: "artifact",
      plugin: { name: PLUGIN, version: "1.2.3", origin: "project" },
    });
  });

  test("gets its settings, checked by its own schema", async () => {
    const schema = `{ "~standard": { version: 1, vendor: "test", validate: (value) =>
      typeof value.limit === "number" ? { value } : { issues: [{ message: "limit must be a number", path: ["limit"] }] } } }`;
    const source = `export default { apiVersion: "floe.dev/v1", meta: { name: "${PLUGIN}", version: "1.2.3" },
      gates: [{ id: "acme_check", summary: "s", config: ${schema},
        create: (config) => ({ evaluate: () => ({ status: "passed", summary: "limit " + config.limit }) }) }] };`;
    const good = { gates: { acme_check: "" }, source };
    await using project = await withPlugin(good, { use: [PLUGIN] }, { limit: 7 });
    const run = await project.done("gate", "run", "acme_check", "v1.0.0", "--env", "dev", "--json");
    expect(run.json["summary"]).toBe("limit 7");
    await using wrong = await withPlugin(good, { use: [PLUGIN] }, { limit: "seven" });
    const refused = await wrong.run("manifest", "validate");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(
      /manifest\.yaml:\d+:\d+ .*acme_check\.limit: limit must be a number/,
    );
  });

  test.each([
    [
      "returns failed",
      'return { status: "failed", summary: "too old", reasons: [{ code: "OLD", level: "fail", message: "made in 1999", fix: "build again" }] };',
      "FLOE_GATE_FAILED",
      /too old/,
    ],
    [
      "returns skipped",
      'return { status: "skipped", summary: "nothing to look at" };',
      "FLOE_GATE_SKIPPED",
      /a required gate that was skipped blocks/,
    ],
    [
      "throws",
      'throw new Error("the database is down");',
      "FLOE_GATE_ERROR",
      /could not judge: the database is down/,
    ],
    ["returns nothing", "return undefined;", "FLOE_GATE_ERROR", /it returned nothing/],
    [
      "returns garbage",
      'return { status: "fine", summary: 7 };',
      "FLOE_GATE_ERROR",
      /its verdict is not valid/,
    ],
    [
      "returns a cycle",
      "const a = {}; a.a = a; return a;",
      "FLOE_GATE_ERROR",
      /its verdict is not JSON/,
    ],
    [
      "returns error, which is core's alone",
      'return { status: "error", summary: "x" };',
      "FLOE_GATE_ERROR",
      /its verdict is not valid/,
    ],
    [
      "changes what it is shown",
      'subject.artifact.digest = "sha256:0"; return { status: "passed", summary: "x" };',
      "FLOE_GATE_ERROR",
      /could not judge/,
    ],
  ])("that %s blocks with 8", async (_, body, code, message) => {
    await using project = await withPlugin({ gates: { acme_check: body } });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(8);
    expect(run.json["error"]).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });

  test("cannot end the process or write to its standard output unseen: the result stays parseable", async () => {
    await using project = await withPlugin({
      gates: { acme_check: `console.error("hello from the plugin"); ${PASSES}` },
    });
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.json["success"]).toBe(true);
    expect(run.stderr).toContain("hello from the plugin");
  });
});

describe("a plugin that is not what it says", () => {
  const cases: readonly {
    readonly name: string;
    readonly input: PluginInput;
    readonly plugins?: Readonly<Record<string, unknown>>;
    readonly code: string;
    readonly message: RegExp;
  }[] = [
    {
      name: "wants a newer contract",
      input: {
        gates: { acme_check: PASSES },
        descriptor: { apiVersion: "floe.dev/v2", gates: ["acme_check"] },
      },
      code: "FLOE_PLUGIN_API_UNSUPPORTED",
      message: /floe-plugin-acme 1\.2\.3 wants plugin contract floe\.dev\/v2/,
    },
    {
      name: "has a descriptor of another shape",
      input: {
        gates: { acme_check: PASSES },
        descriptor: { apiVersion: "floe.dev/v1", gates: ["acme_check", 7] },
      },
      code: "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      message: /floe-plugin-acme/,
    },
    {
      name: "declares a gate that it does not export",
      input: { gates: {}, descriptor: { apiVersion: "floe.dev/v1", gates: ["acme_check"] } },
      code: "FLOE_PLUGIN_DESCRIPTOR_MISMATCH",
      message: /declares gates \[acme_check\].* exports \[\]/,
    },
    {
      name: "exports a gate that it does not declare",
      input: {
        gates: { acme_check: PASSES, other: PASSES },
        descriptor: { apiVersion: "floe.dev/v1", gates: ["acme_check"] },
      },
      code: "FLOE_PLUGIN_DESCRIPTOR_MISMATCH",
      message: /exports \[acme_check, other\]/,
    },
    {
      name: "provides an id of floe's own",
      input: { gates: { acme_check: PASSES, policy_compliance: PASSES } },
      code: "FLOE_PLUGIN_RESERVED_ID",
      message: /policy_compliance, which belongs to floe itself/,
    },
    {
      name: "cannot be imported",
      input: { gates: { acme_check: PASSES }, source: 'throw new Error("no licence");' },
      code: "FLOE_PLUGIN_LOAD_FAILED",
      message: /could not be loaded: no licence/,
    },
    {
      name: "exports no plugin",
      input: { gates: { acme_check: PASSES }, source: "export default 42;" },
      code: "FLOE_PLUGIN_LOAD_FAILED",
      message: /is not a floe plugin/,
    },
    {
      name: "is not on the allow list",
      input: { gates: { acme_check: PASSES } },
      plugins: { use: [PLUGIN], allow: ["@floe/*"] },
      code: "FLOE_PLUGIN_NOT_ALLOWED",
      message: /plugins\.allow/,
    },
    {
      name: "is not installed",
      input: { gates: { acme_check: PASSES } },
      plugins: { use: [PLUGIN, "floe-plugin-absent"] },
      code: "FLOE_PLUGIN_NOT_FOUND",
      message: /floe-plugin-absent is not installed/,
    },
  ];

  test.each(cases)("$name: 2, naming the plugin", async ({ input, plugins, code, message }) => {
    await using project = await withPlugin(input, plugins);
    const before = await project.registryState();
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await project.registryState()).toEqual(before);
  });

  test("two plugins with one id: 2, naming both", async () => {
    await using project = await withPlugin(
      { gates: { acme_check: PASSES } },
      { use: [PLUGIN, "floe-plugin-rival"] },
    );
    writePlugin(project.dir, "floe-plugin-rival", { gates: { acme_check: PASSES } });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_PLUGIN_DUPLICATE_ID",
      message: expect.stringMatching(/floe-plugin-acme and floe-plugin-rival/),
    });
  });

  test("commands that need none of its gates work all the same", async () => {
    await using project = await aProject({ plugins: { use: [PLUGIN] } });
    writePlugin(project.dir, PLUGIN, {
      gates: { acme_check: PASSES },
      source: 'throw new Error("no licence");',
    });
    await project.promote("v1.0.0", "dev");
    await project.done("status");
    await project.done("manifest", "validate");
    const { rows } = await project.done("gate", "list", "-o", "json");
    expect(rows).toContainEqual(
      expect.objectContaining({ id: "acme_check", plugin: PLUGIN, origin: "project" }),
    );
  });

  test("status, history and rollback work with a broken plugin in the manifest's gates", async () => {
    await using project = await withPlugin({ gates: { acme_check: PASSES } });
    await project.promote("v1.0.0", "dev");
    await project.publish("v1.1.0");
    await project.promote("v1.1.0", "dev");
    writePlugin(project.dir, PLUGIN, {
      gates: { acme_check: PASSES },
      source: 'throw new Error("no licence");',
    });
    for (const args of [
      ["status"],
      ["platform", "history"],
      ["gate", "list"],
      ["artifact", "list"],
      ["rollback", "--env", "dev", "--reason", "x"],
      ["platform", "lock", "--env", "dev", "--reason", "x"],
    ])
      expect([args[0], (await project.run(...args)).code]).toEqual([args[0], 0]);
  });
});

test("gate list says which gates there are, where they come from and which cannot be used", async () => {
  await using project = await withPlugin({
    gates: { acme_check: PASSES },
    descriptor: { apiVersion: "floe.dev/v9", gates: ["acme_check"] },
  });
  const { rows } = await project.done("gate", "list", "-o", "json");
  expect(rows).toContainEqual({
    id: "policy_compliance",
    plugin: "@floe/policy",
    version: expect.any(String),
    origin: "built-in",
    usable: true,
    problem: null,
  });
  expect(rows).toContainEqual(
    expect.objectContaining({ id: "tests", plugin: "@floe/plugin-gate-tests", origin: "bundled" }),
  );
  expect(rows).toContainEqual(
    expect.objectContaining({
      id: "security_scan",
      plugin: "@floe/plugin-gate-security-scan",
      origin: "bundled",
      usable: true,
    }),
  );
  expect(rows).toContainEqual(
    expect.objectContaining({
      id: "performance_baseline",
      plugin: "@floe/plugin-gate-performance-baseline",
      origin: "bundled",
      usable: true,
    }),
  );
  expect(rows).toContainEqual(
    expect.objectContaining({
      id: "acme_check",
      usable: false,
      problem: expect.stringContaining("floe.dev/v9"),
    }),
  );
});
