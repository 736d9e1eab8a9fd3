import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";

// The package's types describe an ES module's default; under Node.js the CommonJS module itself arrives.
const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

const FOLDER = new URL("../../../../docs/reference/schemas/", import.meta.url);
const SUFFIX = ".schema.json";

/** A JSON Schema of `docs/reference/schemas`. */
export type Schema = Readonly<Record<string, unknown>>;

/** The schemas by name, as they are published. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  readdirSync(FOLDER).map((file) => [
    file.slice(0, -SUFFIX.length),
    JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Schema,
  ]),
);

// A published schema lets members pass that it does not know, because members are added. Here nothing may be printed that no
// schema knows.
const closed = new Ajv2020({ allErrors: true });
addFormats(closed);
for (const schema of schemas.values()) closed.addSchema(close(schema) as Schema);

/** What is wrong with an output by its schema; empty: nothing. @throws {Error} there is no such schema */
export function problemsOf(name: string, output: unknown): string[] {
  const id = schemas.get(name)?.["$id"];
  const validate = typeof id === "string" ? closed.getSchema(id) : undefined;
  if (!validate) throw new Error(`docs/reference/schemas has no ${name}${SUFFIX}`);
  return isValid(validate, output)
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, message, params }) =>
          `${name}${instancePath} ${message} ${JSON.stringify(params)}`,
      );
}

function isValid(validate: ValidateFunction, output: unknown): boolean {
  return validate(output);
}

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, close(member)]),
  );
  const isObject = inner["type"] === "object" && "properties" in inner;
  return isObject && !("additionalProperties" in inner)
    ? { ...inner, additionalProperties: false }
    : inner;
}
