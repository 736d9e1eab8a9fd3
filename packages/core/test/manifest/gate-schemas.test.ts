import { describe, expect, test } from "vitest";
import * as z from "zod";
import type { StandardSchema } from "../../src/contract/index.ts";
import { FloeError } from "../../src/errors/index.ts";
import { openManifestFolder, withArtifacts, withGates } from "./manifest-folder.ts";

const Tests = z.strictObject({
  min_tests: z.int().min(0).optional(),
  thresholds: z.strictObject({ max: z.int() }).optional(),
});
const GATES = "artifacts.promotion.environments[0].gates";

const only =
  (schemas: Readonly<Record<string, StandardSchema<unknown, unknown>>>) => async (kind: string) =>
    schemas[kind] ?? null;

describe("settings of gates", () => {
  test("plugins are asked once for every kind that is used, and told of the manifest", async () => {
    await using folder = await openManifestFolder(
      `${withArtifacts(
        "  promotion:\n    environments:\n      - { name: a, gates: { tests: true, cost_analysis: false } }\n      - { name: b, gates: { e2e: { kind: tests }, lint: { command: x } } }",
      )}plugins: { use: [floe-plugin-acme] }\n`,
    );
    const asked: string[] = [];

    await folder.load({
      gateSchemas: async (kind, context) => {
        asked.push(kind);
        expect(context).toMatchObject({
          manifestDir: folder.dir,
          plugins: { use: ["floe-plugin-acme"], allow: null },
        });
        return null;
      },
    });

    expect(asked).toEqual(["tests", "lint"]);
  });

  test("a plugin's complaint is placed where the setting was written", async () => {
    await using folder = await openManifestFolder(
      withGates(
        "{ tests: { thresholds: { max: many } } }",
        "    gate_commands:\n      tests: { command: x, min_tests: -1 }",
      ),
    );

    const issues = await folder.issues({ gateSchemas: only({ tests: Tests }) });

    expect(issues.map((issue) => [`${issue.line}:${issue.column}`, issue.path])).toEqual([
      ["10:46", `${GATES}.tests.thresholds.max`],
      ["12:39", "artifacts.promotion.gate_commands.tests.min_tests"],
    ]);
  });

  test("a setting that a plugin does not know is placed at its key, with the near name", async () => {
    await using folder = await openManifestFolder(
      withGates("{ tests: { min_test: 1, timeout_second: 60, thresholds: { mx: 1, max: 1 } } }"),
    );

    const issues = await folder.issues({ gateSchemas: only({ tests: Tests }) });

    expect(
      issues.map((issue) => [`${issue.line}:${issue.column}`, issue.path, issue.suggestion]),
    ).toEqual([
      ["10:27", `${GATES}.tests.min_test`, "min_tests"],
      ["10:40", `${GATES}.tests.timeout_second`, "timeout_seconds"],
      ["10:74", `${GATES}.tests.thresholds.mx`, null],
    ]);
  });

  test("true is checked as an empty map, and a missing setting is placed at the gate", async () => {
    await using folder = await openManifestFolder(withGates("{ tests: true }"));
    const schema = z.object({ required_one: z.string() });

    const issues = await folder.issues({ gateSchemas: only({ tests: schema }) });

    expect(issues).toMatchObject([{ line: 10, column: 18, path: `${GATES}.tests.required_one` }]);
  });

  test("a name that a plugin provides is a gate without a command", async () => {
    await using folder = await openManifestFolder(withGates("{ acme_scan: { level: 3 } }"));
    const schema = z.strictObject({ level: z.int() });

    const manifest = await folder.load({ gateSchemas: only({ acme_scan: schema }) });

    expect(manifest.environments[0]?.gates[1]).toMatchObject({
      name: "acme_scan",
      command: null,
      settings: { level: 3 },
      unsupported: [],
    });
  });

  test("a near name may be that of an installed plugin", async () => {
    await using folder = await openManifestFolder(withGates("{ acme_scam: true }"));

    expect(await folder.issues({ knownGates: ["acme_scan"] })).toMatchObject([
      { suggestion: "acme_scan" },
    ]);
  });

  test("a schema that is not zod's is used as well, also when it answers late", async () => {
    await using folder = await openManifestFolder(withGates("{ tests: { a: { b: 1 } } }"));
    const schema: StandardSchema<unknown, unknown> = {
      "~standard": {
        version: 1,
        vendor: "acme",
        validate: async () => ({ issues: [{ message: "too blue", path: [{ key: "a" }, "b"] }] }),
      },
    };

    expect(await folder.issues({ gateSchemas: only({ tests: schema }) })).toMatchObject([
      { line: 10, column: 35, path: `${GATES}.tests.a.b`, message: "too blue" },
    ]);
  });

  test("a schema that throws is an issue of its gate", async () => {
    await using folder = await openManifestFolder(withGates("{ tests: true }"));
    const schema: StandardSchema<unknown, unknown> = {
      "~standard": {
        version: 1,
        vendor: "acme",
        validate: () => {
          throw new Error("boom");
        },
      },
    };

    expect((await folder.issues({ gateSchemas: only({ tests: schema }) }))[0]?.message).toBe(
      "the settings could not be checked: boom",
    );
  });

  test("a plugin that cannot be loaded keeps its own error", async () => {
    await using folder = await openManifestFolder(withGates("{ tests: true }"));

    const error = await folder.failure({
      gateSchemas: async () => {
        throw new FloeError({ code: "FLOE_PLUGIN_LOAD_FAILED", message: "no" });
      },
    });

    expect(error.code).toBe("FLOE_PLUGIN_LOAD_FAILED");
  });
});

describe("policies", () => {
  test("are checked by the schema that is given", async () => {
    await using folder = await openManifestFolder(
      withArtifacts("  promotion:\n    policies:\n      rules: [{ id: A }]\n      extra: 1"),
    );
    const policiesSchema = z.strictObject({
      rules: z.array(z.object({ id: z.string(), expr: z.string() })),
    });

    const issues = await folder.issues({ policiesSchema });

    expect(issues.map((issue) => [`${issue.line}:${issue.column}`, issue.path])).toEqual([
      ["9:15", "artifacts.promotion.policies.rules[0].expr"],
      ["10:7", "artifacts.promotion.policies.extra"],
    ]);
  });
});
