import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PluginSource } from "../../src/plugins/descriptor.ts";
import { discoverPlugin } from "../../src/plugins/discover.ts";
import { createPluginRegistry } from "../../src/plugins/registry.ts";

let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "floe-plugins-"));
});
afterAll(async () => await rm(project, { recursive: true, force: true }));

const SCHEMA = `{ "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } }`;
const GOOD = (id: string): string =>
  `export default { apiVersion: "floe.dev/v1", meta: { name: "x", version: "1.0.0" }, gates: [{ id: "${id}", summary: "s", config: ${SCHEMA}, create: () => ({ evaluate: () => ({ status: "passed", summary: "ok" }) }) }] };`;

/** Installs a real package into the project's node_modules. */
async function install(name: string, descriptor: unknown, code: string): Promise<PluginSource> {
  const root = join(project, "node_modules", name);
  await mkdir(root, { recursive: true });
  await writeFile(
    join(root, "package.json"),
    JSON.stringify({
      name,
      version: "1.2.3",
      type: "module",
      exports: { ".": { default: "./index.js" }, "./package.json": "./package.json" },
      floe: descriptor,
    }),
  );
  await writeFile(join(root, "index.js"), code);
  return await discoverPlugin(name, project, "project");
}

const v1 = (...gates: string[]): unknown => ({ apiVersion: "floe.dev/v1", gates });
const registry = (sources: readonly PluginSource[], allow: readonly string[] | null = null) =>
  createPluginRegistry({ sources, inline: [], allow });

describe("a plugin that is installed", () => {
  test("is found by name and provides its gate, with its origin", async () => {
    const source = await install("floe-plugin-good", v1("good"), GOOD("good"));
    expect(await registry([source]).find("good")).toMatchObject({
      provider: { id: "good" },
      plugin: { name: "floe-plugin-good", version: "1.2.3", origin: "project" },
    });
  });

  test("is not imported until somebody needs its gate", async () => {
    const source = await install(
      "floe-plugin-loud",
      v1("loud"),
      `globalThis.loud = true; ${GOOD("loud")}`,
    );
    const plugins = registry([source]);
    expect(plugins.list()).toMatchObject([{ id: "loud", problem: null }]);
    expect(await plugins.find("other")).toBeNull();
    expect("loud" in globalThis).toBe(false);
  });

  test.each([
    [
      "was written for a newer contract",
      { apiVersion: "floe.dev/v2", gates: ["g"] },
      GOOD("g"),
      "FLOE_PLUGIN_API_UNSUPPORTED",
      "Update floe",
    ],
    [
      "was written for an older contract",
      { apiVersion: "floe.dev/v0", gates: ["g"] },
      GOOD("g"),
      "FLOE_PLUGIN_API_UNSUPPORTED",
      "Update the plugin",
    ],
    [
      "has no valid descriptor",
      { apiVersion: "floe.dev/v1", gates: ["g", "Not An Id"] },
      GOOD("g"),
      "FLOE_PLUGIN_DESCRIPTOR_INVALID",
      "gates",
    ],
    [
      "exports another gate than it declares",
      v1("g"),
      GOOD("h"),
      "FLOE_PLUGIN_DESCRIPTOR_MISMATCH",
      "equal",
    ],
    [
      "throws when it is imported",
      v1("g"),
      "throw new Error('boom')",
      "FLOE_PLUGIN_LOAD_FAILED",
      "Reinstall",
    ],
    [
      "exports nothing by default",
      v1("g"),
      "export const x = 1;",
      "FLOE_PLUGIN_LOAD_FAILED",
      "Reinstall",
    ],
    [
      "takes an id of floe's own",
      { apiVersion: "floe.dev/v1", gates: ["g"], auditBackends: ["oci"] },
      GOOD("g"),
      "FLOE_PLUGIN_RESERVED_ID",
      "reserved",
    ],
  ])(
    "and %s is an error for whoever needs its gate, and for nobody else",
    async (name, descriptor, code, expected, hint) => {
      const source = await install(`floe-plugin-${name.replaceAll(/\W+/g, "-")}`, descriptor, code);
      const good = await install("floe-plugin-fine", v1("fine"), GOOD("fine"));
      const plugins = registry([source, good]);
      await expect(plugins.find("g")).rejects.toMatchObject({
        code: expected,
        hint: expect.stringContaining(hint),
      });
      expect(await plugins.find("fine")).not.toBeNull();
    },
  );
});

test("two plugins with one gate are an error that names both", async () => {
  const one = await install("floe-plugin-one", v1("twice"), GOOD("twice"));
  const two = await install("floe-plugin-two", v1("twice"), GOOD("twice"));
  const plugins = registry([one, two]);
  await expect(plugins.find("twice")).rejects.toMatchObject({
    code: "FLOE_PLUGIN_DUPLICATE_ID",
    message: expect.stringMatching(/floe-plugin-one and floe-plugin-two/),
  });
  expect(plugins.list().every((listing) => listing.problem?.includes("also provided by"))).toBe(
    true,
  );
});

test("of one plugin in two places the project's counts", async () => {
  const mine = await install("floe-plugin-same", v1("same"), GOOD("same"));
  const bundled: PluginSource = { ...mine, version: "9.9.9", origin: "bundled" };
  expect(await registry([mine, bundled]).find("same")).toMatchObject({
    plugin: { version: "1.2.3", origin: "project" },
  });
});

test("a plugin that is not on the allow-list is not imported", async () => {
  const source = await install(
    "floe-plugin-stranger",
    v1("strange"),
    "globalThis.stranger = true;",
  );
  await expect(registry([source], ["@floe/*"]).find("strange")).rejects.toMatchObject({
    code: "FLOE_PLUGIN_NOT_ALLOWED",
  });
  expect("stranger" in globalThis).toBe(false);
});

test("a plugin that is not installed says how to install it", async () => {
  await expect(discoverPlugin("floe-plugin-absent", project, "project")).rejects.toMatchObject({
    code: "FLOE_PLUGIN_NOT_FOUND",
    hint: expect.stringContaining("floe plugins install"),
  });
});

test("a built-in gate cannot be taken over by a plugin", async () => {
  const source: PluginSource = {
    ...(await install("floe-plugin-evil", v1("x"), GOOD("policy_compliance"))),
    descriptor: v1("policy_compliance"),
  };
  const builtIn = {
    apiVersion: "floe.dev/v1" as const,
    meta: { name: "@floe/policy", version: "1.0.0" },
    gates: [
      {
        id: "policy_compliance",
        summary: "s",
        config: {
          "~standard": {
            version: 1 as const,
            vendor: "x",
            validate: (value: unknown) => ({ value }),
          },
        },
        create: () => ({ evaluate: () => ({ status: "passed" as const, summary: "ok" }) }),
      },
    ],
  };
  const plugins = createPluginRegistry({
    sources: [source],
    inline: [{ plugin: builtIn, origin: "built-in" }],
    allow: null,
  });
  expect(await plugins.find("policy_compliance")).toMatchObject({ plugin: { origin: "built-in" } });
});
