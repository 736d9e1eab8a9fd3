import type { StandardSchema } from "../../contract/index.ts";

/** A JSON Schema, as plain JSON. */
export type JsonSchema = { readonly [key: string]: unknown };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The JSON Schema of a Standard Schema, when its library offers one (`~standard.jsonSchema`, Standard JSON Schema v1),
 * else `null`.
 */
export function jsonSchemaOf(schema: StandardSchema<unknown, unknown>): JsonSchema | null {
  const standard: object = schema["~standard"];
  if (!("jsonSchema" in standard) || !isRecord(standard.jsonSchema)) return null;
  const { input } = standard.jsonSchema;
  if (typeof input !== "function") return null;
  try {
    const result: unknown = Reflect.apply(input, standard.jsonSchema, [
      { target: "draft-2020-12" },
    ]);
    return isRecord(result) ? result : null;
  } catch {
    // Transforms and the like have no JSON Schema: editors then know nothing of these settings.
    return null;
  }
}

/** The keys that a provider's settings have, as far as its schema can say. */
export function jsonPropertiesOf(schema: StandardSchema<unknown, unknown>): string[] {
  const properties = jsonSchemaOf(schema)?.["properties"];
  return isRecord(properties) ? Object.keys(properties) : [];
}
