import type { ErrorObject } from "ajv";
import type { Component } from "./spec.ts";

/** One place where a component's configuration does not meet its schema. */
export interface ConfigIssue {
  /** Below `config`; or empty with `inSchema`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The schema itself cannot be used. */
  readonly inSchema: boolean;
}

/** More complaints about one component say nothing new. */
const MOST_ISSUES = 20;

/** Makes the function that holds a component's configuration against its schema; the validator is loaded when one is needed. */
export function createConfigChecker(): (component: Component) => Promise<ConfigIssue[]> {
  return async ({ config = {}, schema }) => {
    if (schema === undefined) return [];
    const { ajvFor } = await import("./json-schema-validator.ts");
    let validate: ReturnType<ReturnType<typeof ajvFor>["compile"]>;
    try {
      validate = ajvFor(schema).compile(schema);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      return [
        { path: [], message: `is no usable JSON Schema: ${why.slice(0, 300)}`, inSchema: true },
      ];
    }
    if (validate(config)) return [];
    return (validate.errors ?? []).slice(0, MOST_ISSUES).map(explain);
  };
}

function explain(error: ErrorObject): ConfigIssue {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const { additionalProperty } = error.params as { additionalProperty?: unknown };
  const unknown = typeof additionalProperty === "string";
  return {
    path: unknown ? [...path, additionalProperty] : path,
    message: unknown
      ? "is not allowed by the schema"
      : `${error.message ?? "does not fit"} (by the schema)`,
    inSchema: false,
  };
}
