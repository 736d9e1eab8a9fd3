import { ReportProblem } from "./report-problem.ts";

/** What is used of a schema of zod, so that the kit needs none of its own. */
export interface ShapeSchema<Shape> {
  safeParse(
    value: unknown,
    options: { readonly reportInput: false },
  ):
    | { readonly success: true; readonly data: Shape }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly {
            readonly path: readonly PropertyKey[];
            readonly message: string;
          }[];
        };
      };
}

/**
 * Reads what a report holds by a schema. The message names the place and what is expected there, and never the value, which
 * could be a secret.
 *
 * @param format What it should be, after "it is not": `JSON of Infracost 2`.
 * @param path The file, where whoever calls does not name it.
 * @throws {ReportProblem} when something is not of the type that the format gives it; without a path a plain Error.
 */
export function readShape<Shape>(
  schema: ShapeSchema<Shape>,
  value: unknown,
  format: string,
  path?: string,
): Shape {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = (issue?.path ?? [])
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  const problem = `it is not ${format}: at $${place}: ${issue?.message ?? "invalid"}`;
  throw path === undefined ? new Error(problem) : new ReportProblem(path, undefined, problem);
}
