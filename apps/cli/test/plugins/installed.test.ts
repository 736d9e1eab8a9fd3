import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aProject, type Project } from "../bed/a-project.ts";
import type { Run } from "../bed/floe.ts";
import { startNpmRegistry } from "../bed/npm-registry.ts";
import { packPlugins } from "../bed/pack-plugins.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";

const PASSES = 'return { status: "passed", summary: "all is well" };';
const FAILS =
  'return { status: "failed", summary: "no", reasons: [{ code: "NO", level: "fail", message: "no" }] };';
const LEFT =
  'import("node:fs").then((fs) => fs.writeFileSync(process.env.FLOE_TEST_TRACE, "ran"));';

const folder = await temporaryFolder();
let tarballs: Readonly<Record<string, string>>;
beforeAll(async () => {
  tarballs = await packPlugins(folder.path, {
    "floe-plugin-acme": {
      gates: { acme_check: FAILS },
      more: {
        scripts: {
          postinstall: `node -e "require('fs').writeFileSync(process.env.FLOE_TEST_TRACE, 'ran')"`,
        },
      },
    },
    "floe-plugin-acme#2": { gates: { acme_check: PASSES }, version: "2.0.0" },
    "@acme/gates": {
      gates: { scoped_check: PASSES },
      // What oclif would run with every command, if it took this for a plugin of its own.
      more: { oclif: { hooks: { init: "./index.js" }, commands: "./commands" } },
      source: `${LEFT} export default function () { ${LEFT} };`,
    },
    "floe-plugin-newer": { gates: {}, descriptor: { apiVersion: "floe.dev/v2", gates: ["x"] } },
    "floe-plugin-shape": {
      gates: {},
      descriptor: { apiVersion: "floe.dev/v1", gates: ["Not An Id"] },
    },
    "just-a-package": { gates: {}, descriptor: undefined },
    "floe-plugin-grabs": { gates: { policy_compliance: PASSES } },
    "floe-plugin-rival": { gates: { acme_check: PASSES } },
    "floe-plugin-shadow": { gates: { tests: PASSES } },
    "floe-plugin-no-entry": { gates: { lost: PASSES }, more: { exports: "./gone.js" } },
    "floe-plugin-mismatch": {
      gates: { other: PASSES },
      descriptor: { apiVersion: "floe.dev/v1", gates: ["told"] },
    },
    "floe-plugin-throws": { gates: { throwing: PASSES }, source: 'throw new Error("no licence");' },
    "floe-plugin-slow": {
      gates: { slow: PASSES },
      source: "await new Promise(() => setInterval(() => {}, 1000));",
    },
    "floe-plugin-pollutes": {
      gates: { polluting: PASSES },
      source:
        'Object.prototype.required = false; JSON.parse = () => ({ status: "passed" }); export default {};',
    },
  });
});
afterAll(async () => await folder[Symbol.asyncDispose]());

/** A project whose user has a plugin folder of their own. */
async function aUser(gates: Readonly<Record<string, unknown>> = {}) {
  const project = await aProject({
    environments: [
      { name: "dev", gates: { policy_compliance: true, ...gates } },
      { name: "prod", gates: { policy_compliance: true } },
    ],
  });
  const data = join(project.dir, "data");
  const trace = join(project.dir, "trace");
  const env = {
    ...{ FLOE_DATA_DIR: data, FLOE_TEST_TRACE: trace, npm_config_offline: "true" },
    npm_config_cache: join(project.dir, "npm-cache"),
  };
  const own: UserProject = {
    ...{ project, env, trace, home: join(data, "plugins") },
    floe: async (...args) => await project.runWith({ env }, ...args),
    floeWith: async (more, ...args) => await project.runWith({ env: { ...env, ...more } }, ...args),
    async done(...args) {
      const run = await own.floe(...args);
      expect(run.code, run.stderr).toBe(0);
      return run;
    },
    install: async (name, ...flags) =>
      await own.floe("plugins", "install", `file:${tarballs[name]}`, "-o", "json", ...flags),
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
  return own;
}

interface UserProject extends AsyncDisposable {
  readonly project: Project;
  readonly env: Readonly<Record<string, string>>;
  readonly trace: string;
  readonly home: string;
  floe(...args: string[]): Promise<Run>;
  floeWith(more: Readonly<Record<string, string>>, ...args: string[]): Promise<Run>;
  done(...args: string[]): Promise<Run>;
  install(name: string, ...flags: string[]): Promise<Run>;
}

const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

describe("a plugin that is installed from a tarball", () => {
  test("is listed, judges, is replaced by a newer one, and is gone after it was uninstalled", async () => {
    await using user = await aUser({ acme_check: true });
    const installed = await user.install("floe-plugin-acme");
    expect(installed.json).toMatchObject({
      ...{ success: true, name: "floe-plugin-acme", version: "1.2.3", origin: "user" },
      ...{ gates: ["acme_check"], audit_backends: [] },
    });
    // Install scripts are the plugin's code as well.
    expect(installed.stderr).toContain("install scripts were not run: floe-plugin-acme");
    expect(existsSync(user.trace)).toBe(false);
    const { rows } = await user.done("gate", "list", "--check", "-o", "json");
    expect(rows).toContainEqual({
      ...{ id: "acme_check", plugin: "floe-plugin-acme", version: "1.2.3", origin: "user" },
      ...{ usable: true, problem: null },
    });
    const blocked = await user.floe("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(blocked.code).toBe(8);
    const judged = (blocked.json["gate_results"] as Record<string, unknown>[])[1];
    expect(judged).toMatchObject({
      ...{ gate: "acme_check", status: "failed" },
      plugin: { name: "floe-plugin-acme", version: "1.2.3", origin: "user" },
    });

    expect((await user.install("floe-plugin-acme#2")).json).toMatchObject({ version: "2.0.0" });
    await user.done("promote", "v1.0.0", "--to", "dev");
    expect((await user.done("plugins", "-o", "json")).rows[0]).toMatchObject({
      ...{ name: "floe-plugin-acme", version: "2.0.0", origin: "user", usable: true },
      from: `file:${tarballs["floe-plugin-acme#2"]}`,
    });

    await user.done("plugins", "uninstall", "floe-plugin-acme");
    expect(entries(user.home)).toEqual([]);
    const gone = await user.floe("plugins", "uninstall", "floe-plugin-acme", "-o", "json");
    expect(gone).toMatchObject({ code: 2, json: { error: { code: "FLOE_PLUGIN_NOT_FOUND" } } });
  });

  test("has its install scripts run when that is asked for", async () => {
    await using user = await aUser();
    const installed = await user.install("floe-plugin-acme", "--run-scripts");
    expect(installed.code, installed.stderr).toBe(0);
    expect(readFileSync(user.trace, "utf8")).toBe("ran");
  });

  test("runs no code of its own with other commands, whatever it tells oclif", async () => {
    await using user = await aUser();
    expect((await user.install("@acme/gates")).json).toMatchObject({ name: "@acme/gates" });
    for (const args of [
      ["--help"],
      ["plugins", "--help"],
      ["status"],
      ["gate", "list"],
      ["plugins"],
    ])
      await user.done(...args);
    const oclif = await user.floeWith({ DEBUG: "nothing" }, "status");
    expect(oclif.code, oclif.stderr).toBe(0);
    expect(existsSync(user.trace)).toBe(false);
    // Whereas with its gate asked for, it does run.
    const { rows } = await user.done("gate", "list", "--check", "-o", "json");
    expect(rows.find((row) => row["id"] === "scoped_check")).toMatchObject({
      usable: false,
      problem: expect.stringContaining("is not a floe plugin"),
    });
    expect(existsSync(user.trace)).toBe(true);
  });
});

describe("a package that cannot be used is not installed, and leaves nothing behind:", () => {
  test.each([
    ["floe-plugin-newer", "FLOE_PLUGIN_API_UNSUPPORTED", /wants plugin contract floe\.dev\/v2/],
    ["floe-plugin-shape", "FLOE_PLUGIN_DESCRIPTOR_INVALID", /gates\.0/],
    ["just-a-package", "FLOE_PLUGIN_DESCRIPTOR_INVALID", /is no floe plugin: .* no field floe/],
    ["floe-plugin-grabs", "FLOE_PLUGIN_RESERVED_ID", /policy_compliance, which belongs to floe/],
    [
      "floe-plugin-shadow",
      "FLOE_PLUGIN_DUPLICATE_ID",
      /tests of floe-plugin-shadow is already provided by @floe\/plugin-gate-tests .* \(bundled\)/,
    ],
    ["floe-plugin-no-entry", "FLOE_PLUGIN_LOAD_FAILED", /gone\.js|cannot be resolved/],
  ])("%s", async (name, code, message) => {
    await using user = await aUser();
    const run = await user.install(name);
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(entries(user.home)).toEqual([]);
  });

  test("a second plugin with the same gate, and the first stays", async () => {
    await using user = await aUser();
    expect((await user.install("floe-plugin-acme")).code).toBe(0);
    const before = entries(user.home);
    const rival = await user.install("floe-plugin-rival");
    expect(rival.json["error"]).toMatchObject({
      code: "FLOE_PLUGIN_DUPLICATE_ID",
      message: expect.stringContaining("already provided by floe-plugin-acme 1.2.3 (user)"),
      hint: expect.stringContaining("floe plugins uninstall floe-plugin-acme"),
    });
    expect(entries(user.home)).toEqual(before);
  });

  test.each([
    ["file:no-such.tgz", 2, "FLOE_PLUGIN_NOT_FOUND"],
    ["./keys", 2, "FLOE_USAGE_INVALID"],
    ["git+ssh://git@example.com/acme.git", 2, "FLOE_USAGE_INVALID"],
    ["--global", 2, "FLOE_USAGE_INVALID"],
    ["file:manifest.yaml", 5, "FLOE_PLUGIN_INSTALL_FAILED"],
  ])("%s", async (spec, code, error) => {
    await using user = await aUser();
    const run = await user.floe("plugins", "install", "-o", "json", "--", spec);
    expect(run.json).toMatchObject({ success: false, error: { code: error } });
    expect(run.code).toBe(code);
    expect(entries(user.home)).toEqual([]);
  });
});

test("a plugin is installed and updated by its name from a package registry", async () => {
  await using user = await aUser();
  const published = { name: "floe-plugin-acme", tarball: tarballs["floe-plugin-acme"] ?? "" };
  const packages = [{ ...published, version: "1.2.3" }];
  await using registry = await startNpmRegistry(packages);
  const online = { npm_config_registry: registry.url, npm_config_offline: "false" };
  const floe = (...args: string[]) => user.floeWith(online, "plugins", ...args, "-o", "json");

  expect((await floe("install", "floe-plugin-acme")).json).toMatchObject({ version: "1.2.3" });
  packages.push({ ...published, tarball: tarballs["floe-plugin-acme#2"] ?? "", version: "2.0.0" });
  const fresh = { npm_config_prefer_online: "true" };
  const updated = await user.floeWith(
    { ...online, ...fresh },
    "plugins",
    "update",
    "floe-plugin-acme",
    "--json",
  );
  expect(updated.json).toMatchObject({ version: "2.0.0", from: "floe-plugin-acme" });
  const unknown = await floe("install", "floe-plugin-unheard-of");
  expect(unknown).toMatchObject({ code: 2, json: { error: { code: "FLOE_PLUGIN_NOT_FOUND" } } });
  expect(JSON.stringify(unknown.json)).not.toMatch(/404.*404.*404|Note that you can/);
  const version = await floe("install", "floe-plugin-acme@9");
  expect(version).toMatchObject({ code: 2, json: { error: { code: "FLOE_PLUGIN_NOT_FOUND" } } });
  expect(entries(user.home)).toEqual(["floe-plugin-acme"]);
});

test("a linked plugin counts as it is in its folder, and breaks nothing when the folder is gone", async () => {
  await using user = await aUser({ linked_check: true });
  const root = join(user.project.dir, "work");
  mkdirSync(root);
  const write = (body: string): void => {
    const floe = { apiVersion: "floe.dev/v1", gates: ["linked_check"] };
    const pkg = {
      name: "@acme/linked",
      version: "0.1.0",
      type: "module",
      exports: "./index.js",
      floe,
    };
    writeFileSync(join(root, "package.json"), JSON.stringify(pkg));
    writeFileSync(
      join(root, "index.js"),
      `export default { apiVersion: "floe.dev/v1", meta: { name: "@acme/linked", version: "0.1.0" }, gates: [{ id: "linked_check", summary: "s",
        config: { "~standard": { version: 1, vendor: "t", validate: (value) => ({ value }) } }, create: () => ({ evaluate() { ${body} } }) }] };`,
    );
  };
  write(FAILS);
  const linked = await user.done("plugins", "link", "work", "-o", "json");
  expect(linked.json).toMatchObject({
    name: "@acme/linked",
    origin: "link",
    root,
    gates: ["linked_check"],
  });
  expect((await user.floe("promote", "v1.0.0", "--to", "dev")).code).toBe(8);
  write(PASSES);
  await user.done("promote", "v1.0.0", "--to", "dev");

  rmSync(root, { recursive: true });
  for (const args of [["status"], ["--help"], ["platform", "history"], ["rollback", "--help"]])
    await user.done(...args);
  const { rows } = await user.done("gate", "list", "-o", "json");
  expect(rows.find((row) => row["id"] === "linked_check")).toMatchObject({
    ...{ plugin: "@acme/linked", origin: "link", usable: false },
    problem: expect.stringContaining("package.json cannot be read"),
  });
  const blocked = await user.floe("promote", "v1.0.0", "--to", "dev", "--force", "-o", "json");
  expect(blocked).toMatchObject({ code: 2, json: { error: { code: "FLOE_PLUGIN_LOAD_FAILED" } } });
  await user.done("plugins", "unlink", "@acme/linked");
  expect(entries(user.home)).toEqual([]);
});

test("a plugin folder that somebody has written into is shown, and breaks nothing", async () => {
  await using user = await aUser();
  mkdirSync(join(user.home, "not-ours/node_modules"), { recursive: true });
  mkdirSync(join(user.home, "cut-off"));
  writeFileSync(join(user.home, "cut-off/floe-install.json"), '{"name":"cut-o');
  mkdirSync(join(user.home, "escapes"));
  const away = { name: "../../escapes", from: "x", linked: "/" };
  writeFileSync(join(user.home, "escapes/floe-install.json"), JSON.stringify(away));
  await user.done("status");
  await user.done("promote", "v1.0.0", "--to", "dev");
  const { rows } = await user.done("gate", "list", "-o", "json");
  const broken = rows.filter((row) => row["id"] === null);
  expect(broken.map((row) => [row["plugin"], row["usable"]])).toEqual([
    ["cut-off", false],
    ["escapes", false],
    ["not-ours", false],
  ]);
  const listed = await user.done("plugins", "-o", "json");
  expect(listed.rows.slice(0, 3).map((row) => row["problem"])).toEqual([
    expect.stringContaining("cannot be read"),
    expect.stringContaining("cannot be read"),
    expect.stringContaining("cannot be read"),
  ]);
  await user.done("plugins", "uninstall", "cut-off");
  expect(entries(user.home)).toEqual(["escapes", "not-ours"]);
});

test("gate list --check says of each plugin why it cannot be used, and goes on with the others", async () => {
  await using user = await aUser();
  const bad = ["mismatch", "throws", "slow", "pollutes"].map((name) => `floe-plugin-${name}`);
  for (const name of [...bad, "floe-plugin-acme"])
    expect((await user.install(name)).code, name).toBe(0);
  const { rows } = await user.done("gate", "list", "--check", "-o", "json");
  const problems = Object.fromEntries(rows.map((row) => [row["id"], row["problem"]]));
  expect(problems).toMatchObject({
    told: expect.stringMatching(/declares gates \[told\] .* exports \[other\]/),
    throwing: expect.stringContaining("could not be loaded: no licence"),
    slow: expect.stringContaining("importing it took longer than 10 s"),
    polluting: expect.stringMatching(
      /changes objects of the language: Object\.prototype\.required, JSON\.parse/,
    ),
    acme_check: null,
    tests: null,
    policy_compliance: null,
  });
  // Without being asked nothing of them runs, and the other gates are as usable as ever.
  await user.done("gate", "run", "policy_compliance", "v1.0.0", "--env", "dev");
  await user.done("promote", "v1.0.0", "--to", "dev");
});
