// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is what the manifest writes
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { manifestJsonSchema } from "../../src/manifest/index.ts";
import { withArtifacts, withGates } from "./manifest-folder.ts";

/** A validator from the schema; it is not told of `if`, which it does not know. */
function accepts(schema: ReturnType<typeof manifestJsonSchema>, text: string): boolean {
  const { if: _, else: __, ...plain } = schema;
  return z.fromJSONSchema(plain).safeParse(parse(text)).success;
}

const schema = manifestJsonSchema({ gates: {} });

describe("manifestJsonSchema", () => {
  test("is draft 2020-12, and asks for whole manifests unless they extend another", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      additionalProperties: false,
      if: { required: ["extends"] },
      else: { required: ["apiVersion", "kind", "metadata", "artifacts"] },
    });
    expect(schema).not.toHaveProperty("required");
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  test("takes the full manifest", async () => {
    const full = await readFile(new URL("fixtures/full.yaml", import.meta.url), "utf8");

    expect(accepts(schema, full)).toBe(true);
  });

  test.each([
    ["the smallest manifest", withArtifacts("")],
    [
      "a manifest that only extends",
      "extends: base.yaml\nartifacts: { registry: { tls_verify: true } }\n",
    ],
    [
      "gates as true, false and maps",
      withGates(
        "{ tests: true, cost_analysis: false, a: { command: [x] }, b: { kind: tests, command: x } }",
      ),
    ],
    ["settings of unknown gates", withGates("{ tests: { anything: [1] } }")],
    [
      "enforcement: false",
      withArtifacts(
        "  verification: { enforcement: false, environments: { prod: { enforcement: disabled } } }",
      ),
    ],
    ["signing off", withArtifacts("  signing: { mode: false }")],
    [
      "a list of keys",
      withArtifacts(
        "  verification: { public_key_ref: [a.pub, { ref: b.pub, retired_at: 2026-01-01 }] }",
      ),
    ],
    [
      "retry as a number and a map",
      withGates("{ a: { command: x, retry: 2 }, b: { command: x, retry: { attempts: 2 } } }"),
    ],
    [
      "reports as text and maps",
      withGates('{ a: { command: x, reports: ["${FLOE_GATE_DIR}/a", { path: b, format: tap }] } }'),
    ],
    [
      "separation of duties as a list of exemptions",
      withArtifacts(
        "  promotion: { environments: [{ name: a, authorization: { separation_of_duties: { exempt: [ci] } } }] }",
      ),
    ],
    [
      "null where it may stand",
      withArtifacts(
        "  tags: { version_pattern: null }\n  promotion: { audit: { s3_bucket: null, database_url: null } }",
      ),
    ],
  ])("takes %s", (_, text) => {
    expect(accepts(schema, text)).toBe(true);
  });

  test.each([
    ["an unknown key", withArtifacts("  promotoin: {}")],
    ["a time limit out of bounds", withArtifacts("  promotion: { default_timeout_seconds: 5 }")],
    ["policy_compliance: false", withGates("{ policy_compliance: false }")],
    ["a gate that is null", withGates("{ tests: }")],
    ["a gate's name outside the grammar", withGates("{ Tests-1: true }")],
    ["text where a list belongs", withArtifacts("  tags: { mutable: main }")],
  ])("refuses %s", (_, text) => {
    expect(accepts(schema, text)).toBe(false);
  });

  test("knows the settings of the gates that it is given", () => {
    const settings = z.strictObject({ min_tests: z.int().optional(), suites: z.array(z.string()) });
    const withTests = manifestJsonSchema({ gates: { tests: settings, other: null } });

    // `suites` may come from gate_commands, so it is not asked for here.
    expect(accepts(withTests, withGates("{ tests: { min_tests: 1, timeout_seconds: 60 } }"))).toBe(
      true,
    );
    expect(accepts(withTests, withGates("{ tests: { min_tests: many } }"))).toBe(false);
    expect(accepts(withTests, withGates("{ tests: { min_test: 1 } }"))).toBe(false);
    expect(accepts(withTests, withGates("{ other: { anything: 1 } }"))).toBe(true);
    expect(
      accepts(
        withTests,
        withGates("{ tests: true }", "    gate_commands: { tests: { command: x, min_tests: x } }"),
      ),
    ).toBe(false);
  });

  test("knows the policies when it is given their schema", () => {
    const withPolicies = manifestJsonSchema({
      gates: {},
      policies: z.strictObject({ rules: z.array(z.strictObject({ id: z.string() })).optional() }),
    });
    const policies = (text: string) => withArtifacts(`  promotion: { policies: ${text} }`);

    expect(accepts(withPolicies, policies("{ rules: [{ id: A }] }"))).toBe(true);
    expect(accepts(withPolicies, policies("{ rules: [{ idd: A }] }"))).toBe(false);
    expect(accepts(schema, policies("{ rules: [{ idd: A }] }"))).toBe(true);
  });

  test("a schema that cannot be described leaves the settings open", () => {
    const opaque = manifestJsonSchema({
      gates: {
        tests: { "~standard": { version: 1, vendor: "acme", validate: (value) => ({ value }) } },
        other: z.union([z.object({ a: z.string() }), z.string()]),
      },
    });

    expect(accepts(opaque, withGates("{ tests: { anything: 1 }, other: { b: 1 } }"))).toBe(true);
  });
});
