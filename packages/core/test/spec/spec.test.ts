import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isFloeError } from "../../src/errors/index.ts";
import { parseCanonicalJson } from "../../src/model/canonical-json.ts";
import { compile, loadSpec, parseCompiledArtifact } from "../../src/spec/index.ts";
import { type Dependent, orderComponents } from "../../src/spec/order-components.ts";
import { aManifest } from "../a-manifest.ts";

const { signal } = new AbortController();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "floe-spec-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "apiVersion: floe.dev/v1\nkind: Spec\nmetadata: { name: acme }\n";

async function load(text: string) {
  writeFileSync(join(folder, "floe.yaml"), text);
  return await loadSpec("floe.yaml", { signal, cwd: folder });
}

async function errorsOf(text: string): Promise<string> {
  try {
    await load(text);
  } catch (error) {
    if (isFloeError(error, "FLOE_SPEC_INVALID")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a spec", () => {
  test("is read with its components behind what they depend on, whatever the order of writing", async () => {
    const components = [
      "- { name: web, type: service, depends_on: [api, cache] }",
      "- { name: api, type: service, depends_on: [db] }",
      "- { name: db, type: database }",
      "- { name: cache, type: database }",
    ];
    for (const order of [components, components.toReversed()]) {
      const { components: loaded } = await load(`${HEAD}components:\n${order.join("\n")}\n`);
      expect(loaded.map(({ name }) => name)).toEqual(["cache", "db", "api", "web"]);
    }
  });

  test("with all kinds of errors has all of them reported at once, each with its place", async () => {
    const message = await errorsOf(
      `${HEAD}components:
  - { name: web, type: service, depends_on: [apo] }
  - { name: api, typ: service }
  - { name: web, type: service }
  - { name: self, type: service, depends_on: [self] }
`,
    );
    expect(message).toContain(
      'floe.yaml:5:46 components[0].depends_on[0]: no component is named "apo"; did you mean "api"?',
    );
    expect(message).toContain(
      'floe.yaml:6:18 components[1].typ: unknown key; did you mean "type"?',
    );
    expect(message).toContain("components[1].type: is required");
    expect(message).toContain(
      'components[2].name: a second component is named "web"; the first is components[0]',
    );
    expect(message).toContain('components[3].depends_on[0]: "self" depends on itself');
  });

  test("with a cycle names its whole path", async () => {
    const message = await errorsOf(
      `${HEAD}components:
  - { name: a, type: x, depends_on: [b] }
  - { name: b, type: x, depends_on: [c] }
  - { name: c, type: x, depends_on: [a] }
  - { name: d, type: x, depends_on: [a] }
`,
    );
    expect(message).toContain('the components need each other: "a" → "b" → "c" → "a"');
  });

  test("has its configurations held against their schemas", async () => {
    const message = await errorsOf(
      `${HEAD}components:
  - name: api
    type: service
    config: { replicas: two, prot: 80, url: nowhere }
    schema:
      type: object
      additionalProperties: false
      required: [port]
      properties:
        replicas: { type: integer }
        port: { type: integer }
        url: { type: string, format: uri }
`,
    );
    expect(message).toContain(
      "floe.yaml:7:25 components[0].config.replicas: must be integer (by the schema)",
    );
    expect(message).toContain("components[0].config.prot: is not allowed by the schema");
    expect(message).toContain(
      "components[0].config: must have required property 'port' (by the schema)",
    );
    expect(message).toContain('components[0].config.url: must match format "uri" (by the schema)');
  });

  test.each([
    ["a schema that is none", "{ type: nonsense }", "is no usable JSON Schema"],
    [
      "a schema that is elsewhere",
      '{ $ref: "https://example.com/s.json" }',
      "is no usable JSON Schema",
    ],
  ])("with %s is refused", async (_, schema, expected) => {
    const message = await errorsOf(
      `${HEAD}components: [{ name: a, type: x, schema: ${schema} }]\n`,
    );
    expect(message).toContain(expected);
  });

  test.each([
    ["http://json-schema.org/draft-07/schema#"],
    ["https://json-schema.org/draft/2019-09/schema"],
    ["https://json-schema.org/draft/2020-12/schema"],
  ])("takes schemas of %s", async (draft) => {
    const schema = `{ $schema: "${draft}", type: object, required: [a] }`;
    expect(
      await errorsOf(`${HEAD}components: [{ name: a, type: x, schema: ${schema} }]\n`),
    ).toContain("must have required property 'a'");
  });

  test("that is not there says how to get one", async () => {
    await expect(loadSpec("floe.yaml", { signal, cwd: folder })).rejects.toMatchObject({
      code: "FLOE_SPEC_NOT_FOUND",
      exitCode: 2,
    });
  });

  test.each([
    ["nothing", ""],
    ["a list", "- a"],
    ["binary", "\u0000\u0001"],
    [
      "another kind",
      "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: { name: a }\ncomponents: []\n",
    ],
    ["a prototype", `${HEAD}components: [{ name: a, type: x, __proto__: { b: 1 } }]\n`],
    ["two documents", `${HEAD}components: []\n---\n${HEAD}components: []\n`],
  ])("that is %s is refused", async (_, text) => {
    expect(await errorsOf(text)).toMatch(/has (an error|\d+ errors)/);
  });
});

describe("the order of components", () => {
  // Dependencies point to lower numbers only, so there is never a cycle.
  const graphs = fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 30 })
    .map((rows): Dependent[] =>
      rows.map((needs, index) => ({
        name: `c${index}`,
        depends_on: index === 0 ? [] : [...new Set(needs.map((need) => `c${need % index}`))],
      })),
    );

  test("has everything behind what it depends on, and does not depend on the order of writing", () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (components, seed) => {
        const order = orderComponents(components);
        if (!order.ok) throw new Error(`a cycle: ${order.cycle.join()}`);
        const names = order.ordered.map(({ name }) => name);
        expect(names.toSorted()).toEqual(components.map(({ name }) => name).toSorted());
        for (const { name, depends_on = [] } of components)
          for (const needed of depends_on)
            expect(names.indexOf(needed)).toBeLessThan(names.indexOf(name));
        const turned = components.map(
          (_, index) => components[(index + seed) % components.length] as Dependent,
        );
        const again = orderComponents(turned);
        expect(again.ok && again.ordered.map(({ name }) => name)).toEqual(names);
      }),
    );
  });

  test("finds a real cycle in every graph that has one", () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (components, place) => {
        fc.pre(components.length > 1);
        const last = components.length - 1;
        const target = place % last;
        const closed = components.map((component, index) =>
          index === last
            ? { ...component, depends_on: [...(component.depends_on ?? []), `c${target}`] }
            : index === target
              ? { ...component, depends_on: [...(component.depends_on ?? []), `c${last}`] }
              : component,
        );
        const order = orderComponents(closed);
        expect(order.ok).toBe(false);
        if (order.ok) return;
        expect(order.cycle[0]).toBe(order.cycle.at(-1));
        for (const [index, name] of order.cycle.slice(0, -1).entries()) {
          const from = closed.find((component) => component.name === name);
          expect(from?.depends_on).toContain(order.cycle[index + 1]);
        }
      }),
    );
  });
});

describe("compiling", () => {
  const text = `${HEAD}components:
  - { name: web, type: service, depends_on: [db, db], tags: [b, a], config: { replicas: 2, url: "http://db" } }
  - { name: db, type: database, version: 1.2.3 }
`;

  test("gives canonical JSON with everything that was put in, and nothing of the machine", async () => {
    const spec = await load(text);
    const manifest = {
      ...aManifest({ environments: ["dev", "prod"] }),
      path: join(folder, "manifest.yaml"),
    };
    const { artifact, bytes } = compile(spec, manifest);
    expect(parseCanonicalJson(bytes)).toEqual(artifact);
    expect(parseCompiledArtifact(bytes, "it")).toEqual(artifact);
    expect(new TextDecoder().decode(bytes)).not.toContain(folder);
    expect(artifact).toMatchObject({
      version: 1,
      components: [
        { name: "db", version: "1.2.3", depends_on: [] },
        { name: "web", depends_on: ["db"], tags: ["a", "b"], config: { replicas: 2 } },
      ],
      environments: [{ name: "dev" }, { name: "prod" }],
      inputs: [
        { path: "floe.yaml", digest: spec.digest },
        { path: "manifest.yaml", digest: manifest.digest },
      ],
    });
  });

  test("gives the same bytes in another folder", async () => {
    const made: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const spec = await load(text);
      const manifest = {
        ...aManifest({ environments: ["dev"] }),
        path: join(folder, "manifest.yaml"),
      };
      made.push(new TextDecoder().decode(compile(spec, manifest).bytes));
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(join(tmpdir(), "floe-spec-elsewhere-"));
    }
    expect(made[0]).toBe(made[1]);
  });

  test.each([
    ["not JSON", "{", "it is not JSON"],
    ["something else", "[]", "expected object"],
    ["of a newer format", '{"version":2}', "it is of format 2, and this version of floe reads 1"],
  ])("does not read what is %s", (_, json, expected) => {
    expect(() => parseCompiledArtifact(new TextEncoder().encode(json), "x.json")).toThrow(expected);
  });
});
