import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { describe, expect, test } from "vitest";
import { type Schema, schemas } from "./output-schemas.ts";

const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

const reference = readFileSync(
  new URL("../../../../docs/reference/json.md", import.meta.url),
  "utf8",
);

/** What is printed without a table of its own. */
const WITHOUT_TABLE = ["common", "gate-run", "platform-verify-print", "manifest-explain"];

/** The tables of the page: members by the name of the schema, and whether the object always has them. */
const tables = new Map(
  reference
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const [heading = "", ...lines] = section.split("\n");
      const [text = ""] = lines.join("\n").split(/^### /m);
      const rows = [...text.matchAll(/^\| `(\w+)` \| (.*)$/gm)];
      // The table of errors and that of candidates have no second column of "when".
      const members = rows.map(
        ([, name = "", rest = ""]) => [name, /^always \|/.test(rest)] as const,
      );
      const slug = heading.toLowerCase().replaceAll("--", "").replaceAll(" ", "-");
      return text.includes("| member | when |") ? [[slug, new Map(members)] as const] : [];
    }),
);

// "As `promote`, with these instead of `promotion_id`, … and `approvals`:"
const [, insteadOf = ""] = /^As `promote`, with these instead of (.*):$/m.exec(reference) ?? [];
const only = new Set([...insteadOf.matchAll(/`(\w+)`/g)].map(([, name]) => name));
const shared = [...(tables.get("promote") ?? [])].filter(([name]) => !only.has(name));
tables.set("rollback", new Map([...shared, ...(tables.get("rollback") ?? [])]));

interface ObjectSchema {
  readonly properties: Schema;
  readonly required: readonly string[];
}

/** What a schema says of one object: of each one where it is an array. */
function objectOf(schema: Schema): ObjectSchema {
  const items = (schema["type"] === "array" ? schema["items"] : schema) as ObjectSchema | Schema;
  if ("properties" in items) return items as ObjectSchema;
  const [file = "", path = ""] = String(items["$ref"]).split("#/$defs/");
  const target = file === "" ? schema : schemas.get(file.replace(".schema.json", ""));
  const found = (target?.["$defs"] as Readonly<Record<string, ObjectSchema>> | undefined)?.[path];
  if (!found) throw new Error(`${String(items["$ref"])} leads nowhere`);
  return found;
}

function* propertyNames(schema: unknown): Generator<string> {
  if (typeof schema !== "object" || schema === null) return;
  for (const [key, member] of Object.entries(schema)) {
    if (key === "properties") yield* Object.keys(member as Schema);
    yield* propertyNames(member);
  }
}

describe("docs/reference/schemas", () => {
  test("has a schema for every output of docs/reference/json.md, and no other", () => {
    const described = [...tables.keys(), "error", ...WITHOUT_TABLE];
    expect([...schemas.keys()].sort()).toEqual(described.sort());
  });

  test.each([...tables])(
    "%s has the members of its table, and requires those that are always there",
    (name, members) => {
      const { properties, required } = objectOf(schemas.get(name) ?? {});
      expect(Object.keys(properties).sort()).toEqual([...members.keys()].sort());
      const always = [...members].flatMap(([member, is]) => (is ? [member] : []));
      expect([...required].sort()).toEqual(always.sort());
    },
  );

  test.each([...schemas])(
    "%s is JSON Schema, draft 2020-12, in snake case, with an id of its own",
    (name, schema) => {
      const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
      addFormats(ajv);
      for (const [other, text] of schemas) if (other !== name) ajv.addSchema(text);
      expect(() => ajv.compile(schema)).not.toThrow();
      expect(schema).toMatchObject({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $id: `https://floe.dev/schemas/${name}.schema.json`,
        title: expect.any(String),
      });
      expect([...propertyNames(schema)].filter((key) => !/^[a-z][a-z0-9_]*$/.test(key))).toEqual(
        [],
      );
    },
  );

  test("lets members pass that a newer version adds", () => {
    const ajv = new Ajv2020();
    addFormats(ajv);
    for (const schema of schemas.values()) ajv.addSchema(schema);
    const validate = ajv.getSchema("https://floe.dev/schemas/artifact-tag.schema.json");
    const tag = {
      success: true,
      digest: `sha256:${"0".repeat(64)}`,
      tag: "a",
      repository: "b",
      trace_id: "1".repeat(32),
    };
    expect(validate?.({ ...tag, new_member: 1 })).toBe(true);
    expect(validate?.({ ...tag, digest: "md5:0" })).toBe(false);
  });
});
