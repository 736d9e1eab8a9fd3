import * as z from "zod";
import type { StandardSchema } from "../contract/index.ts";
import { KNOWN_GATES, POLICY_GATE } from "./resolve/gate-kinds.ts";
import { type JsonSchema, jsonSchemaOf } from "./resolve/standard-json-schema.ts";
import { GateCommandMap, GateMap } from "./schema/gates.ts";
import { ManifestDocument } from "./schema/manifest-document.ts";

/** What {@link manifestJsonSchema} describes besides the manifest itself. */
export interface ManifestJsonSchemaOptions {
  /** Kinds of gates with the schemas of their settings; `null` for a kind of which nothing is known. */
  readonly gates: Readonly<Record<string, StandardSchema<unknown, unknown> | null>>;
  /** Schema of `policies`; without it only the names of its keys are described. */
  readonly policies?: StandardSchema<unknown, unknown>;
}

type Mutable = { [key: string]: unknown };

/**
 * The JSON Schema (draft 2020-12) of `manifest.yaml`, for editors: short forms included, and the settings of the given
 * gates. It is wider than the loader, which alone knows names, keys and files.
 */
export function manifestJsonSchema(options: ManifestJsonSchemaOptions): JsonSchema {
  const schema = toJsonSchema(ManifestDocument);
  const properties = recordOf(schema["properties"]);
  properties["extends"] = {
    type: "string",
    minLength: 1,
    description: "Path of a manifest to start from; this file wins key by key, lists are replaced",
  };
  const promotion = dig(properties, "artifacts", "properties", "promotion", "properties");
  const environment = dig(promotion, "environments", "items", "properties");
  recordOf(environment["gates"])["properties"] = {
    [POLICY_GATE]: { anyOf: [{ const: true }, withSettings(toJsonSchema(GateMap), null)] },
    ...gateProperties(GateMap, options, (map) => ({ anyOf: [{ type: "boolean" }, map] })),
  };
  recordOf(promotion["gate_commands"])["properties"] = gateProperties(
    GateCommandMap,
    options,
    (map) => map,
  );
  const policies = options.policies && jsonSchemaOf(options.policies);
  if (policies) {
    const { $schema: _, ...rest } = policies;
    promotion["policies"] = rest;
  }
  // A file that extends another may leave out what the other one has; entries of lists are always whole.
  const required = schema["required"];
  dropRequired(schema);
  return {
    ...schema,
    $id: "https://floe.dev/schema/manifest/v1",
    title: "floe manifest",
    if: { required: ["extends"] },
    else: { required },
  };
}

function toJsonSchema(schema: z.ZodType): Mutable {
  return { ...z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" }) };
}

function gateProperties(
  common: z.ZodType,
  options: ManifestJsonSchemaOptions,
  shape: (map: JsonSchema) => JsonSchema,
): JsonSchema {
  const kinds = new Set([...KNOWN_GATES, ...Object.keys(options.gates)]);
  const properties: Mutable = {};
  for (const kind of kinds) {
    if (kind === POLICY_GATE) continue;
    const provider = Object.hasOwn(options.gates, kind) ? options.gates[kind] : null;
    properties[kind] = shape(withSettings(toJsonSchema(common), provider ?? null));
  }
  return properties;
}

function withSettings(map: Mutable, provider: StandardSchema<unknown, unknown> | null): JsonSchema {
  delete map["$schema"];
  const settings = provider && jsonSchemaOf(provider);
  // Anything but a plain map of settings could not be merged without changing its meaning.
  if (settings?.["type"] !== "object" || "$defs" in settings) return map;
  map["properties"] = { ...recordOf(settings["properties"] ?? {}), ...recordOf(map["properties"]) };
  if (settings["additionalProperties"] === false) map["additionalProperties"] = false;
  return map;
}

function recordOf(value: unknown): Mutable {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("the manifest's JSON Schema has another form than expected");
  return value as Mutable;
}

function dig(value: Mutable, ...keys: readonly string[]): Mutable {
  return keys.reduce((node, key) => recordOf(node[key]), value);
}

/** Removes `required` from every map that is merged key by key, and leaves list entries and their insides alone. */
function dropRequired(schema: Mutable): void {
  delete schema["required"];
  const { properties, additionalProperties, anyOf } = schema;
  for (const child of Object.values(properties === undefined ? {} : recordOf(properties)))
    if (typeof child === "object" && child !== null) dropRequired(recordOf(child));
  if (typeof additionalProperties === "object" && additionalProperties !== null)
    dropRequired(recordOf(additionalProperties));
  if (Array.isArray(anyOf)) for (const child of anyOf) dropRequired(recordOf(child));
}
