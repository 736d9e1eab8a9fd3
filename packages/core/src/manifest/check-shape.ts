import type * as z from "zod";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type IssuePath, quote } from "./issue-list.ts";
import { knownKeysOf } from "./schema/strict-map.ts";
import { nodeAt, type SourceNode, toPlain } from "./source/source-tree.ts";

/** One thing that the schema found, on the way to a place in a file. */
export interface ShapeIssue {
  readonly path: IssuePath;
  readonly side: "key" | "value";
  readonly message: string;
  readonly suggestion: string | null;
}

/** Answer of {@link checkShape}. */
export interface ShapeResult<Value> {
  readonly issues: readonly ShapeIssue[];
  /** What is left when everything wrong is taken out; `null` when that is nothing sensible. */
  readonly value: Value | null;
}

type RawIssue = z.core.$ZodIssue;

/** Taking out what is wrong can uncover more (a map without a required key); this ends it. */
const MAX_ROUNDS = 12;

/**
 * Checks the form of a manifest. Parts that are wrong are taken out and the rest is given back all the same, so that
 * the checks that follow can report their errors in the same run. `fallback` stands in for required keys of the root.
 */
export function checkShape<Value>(
  schema: z.ZodType<Value>,
  root: SourceNode,
  fallback: Readonly<Record<string, unknown>> = {},
): ShapeResult<Value> {
  let rest: object = { ...(toPlain(root) as object) };
  const first = schema.safeParse(rest, PARSE_ONCE);
  if (first.success) return { issues: [], value: first.data };
  const issues = first.error.issues.flatMap((issue) => explain(issue, [], root));
  let failures: readonly ShapeIssue[] = issues;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    // All places first: taking one out must not move another up to its parent.
    for (const cut of failures.map(({ path }) => removablePath(rest, path))) remove(rest, cut);
    rest = { ...fallback, ...rest };
    const again = schema.safeParse(rest, PARSE_ONCE);
    if (again.success) return { issues, value: again.data };
    failures = again.error.issues.flatMap((issue) => explain(issue, [], root));
  }
  return { issues, value: null };
}

/** The longest part of a path that exists and is a key of a map: entries of lists stay, for the indexes to hold. */
function removablePath(value: unknown, path: IssuePath): IssuePath {
  let node = value;
  let length = 0;
  for (const [index, part] of path.entries()) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) break;
    if (!Array.isArray(node)) length = index + 1;
    node = (node as Record<string | number, unknown>)[part];
  }
  return path.slice(0, length);
}

function remove(value: object, path: IssuePath): void {
  const last = path.at(-1);
  let node: unknown = value;
  for (const part of path.slice(0, -1)) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, part)) return;
    node = (node as Record<string | number, unknown>)[part];
  }
  if (last !== undefined && typeof node === "object" && node !== null)
    Reflect.deleteProperty(node, last);
}

function keysOf(path: readonly PropertyKey[]): IssuePath {
  return path.map((part) => (typeof part === "number" ? part : String(part)));
}

function explain(issue: RawIssue, base: IssuePath, root: SourceNode): ShapeIssue[] {
  const path = [...base, ...keysOf(issue.path)];
  const node = nodeAt(root, path);
  const value = (message: string, suggestion: string | null = null): ShapeIssue[] => [
    { path, side: "value", message, suggestion },
  ];
  if (node === undefined && issue.code !== "custom") {
    return [{ path, side: "key", message: "is required", suggestion: null }];
  }
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = knownKeysOf(issue.message);
      return issue.keys.map((key) => ({
        path: [...path, key],
        side: "key",
        message: "unknown key",
        suggestion: didYouMean(key, known),
      }));
    }
    case "invalid_union":
      return explainUnion(issue, path, root);
    case "invalid_key":
      return [
        {
          path,
          side: "key",
          message: issue.issues[0]?.message ?? "is not a key that can be used here",
          suggestion: null,
        },
      ];
    case "invalid_type":
      return value(
        `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}, found ${typeOf(node)}${advice(issue.expected, node)}`,
      );
    case "invalid_value": {
      const words = issue.values.map(String);
      return value(`expected ${listed(words)}, found ${describe(node)}`, nearValue(node, words));
    }
    case "too_small":
      return value(
        bound("at least", Number(issue.minimum), issue.inclusive, issue.origin) + measured(node),
      );
    case "too_big":
      return value(
        bound("at most", Number(issue.maximum), issue.inclusive, issue.origin) + measured(node),
      );
    // The messages of these come with the schema.
    case "invalid_format":
    case "custom":
    case "not_multiple_of":
    case "invalid_element":
      return value(issue.message);
  }
}

function explainUnion(
  issue: Extract<RawIssue, { code: "invalid_union" }>,
  path: IssuePath,
  root: SourceNode,
): ShapeIssue[] {
  const node = nodeAt(root, path);
  // The forms that the value has the type of; only their complaints are of use.
  const fitting = issue.errors.filter(
    (issues) => !issues.some((inner) => inner.path.length === 0 && isTypeMismatch(inner)),
  );
  const [best] = fitting.toSorted((a, b) => a.length - b.length);
  if (best) return best.flatMap((inner) => explain(inner, path, root));
  const words = issue.errors.flatMap((issues) =>
    issues.flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map(String) : [])),
  );
  const expected = words.length > 0 ? `expected ${listed(words)}` : issue.message;
  const found = words.length > 0 ? describe(node) : typeOf(node);
  return [
    {
      path,
      side: "value",
      message: `${expected}, found ${found}`,
      suggestion: nearValue(node, words),
    },
  ];
}

function isTypeMismatch(issue: RawIssue): boolean {
  return (
    issue.code === "invalid_type" ||
    issue.code === "invalid_value" ||
    issue.code === "invalid_union"
  );
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

/** Never shows text: it may be a secret in the wrong place. */
function typeOf(node: SourceNode | undefined): string {
  if (node === undefined) return "nothing";
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? "text" : String(node.value);
}

function describe(node: SourceNode | undefined): string {
  const isWord =
    node?.kind === "scalar" && typeof node.value === "string" && node.value.length <= 40;
  return isWord ? quote(String(node.value)) : typeOf(node);
}

function advice(expected: string, node: SourceNode | undefined): string {
  if (expected !== "string" || node?.kind !== "scalar") return "";
  return typeof node.value === "number" || typeof node.value === "boolean"
    ? "; put it in quotes"
    : "";
}

function listed(words: readonly string[]): string {
  return words.length > 1
    ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`
    : (words[0] ?? "nothing");
}

function nearValue(node: SourceNode | undefined, words: readonly string[]): string | null {
  return node?.kind === "scalar" && typeof node.value === "string"
    ? didYouMean(node.value, words)
    : null;
}

function bound(
  limit: "at least" | "at most",
  count: number,
  inclusive: boolean | undefined,
  origin: string,
): string {
  if (origin === "string")
    return limit === "at least" ? "must not be empty" : `must have at most ${count} characters`;
  if (origin === "array") return `must have ${limit} ${count} ${count === 1 ? "entry" : "entries"}`;
  if (inclusive === false) return `must be ${limit === "at least" ? "more" : "less"} than ${count}`;
  return `must be ${limit} ${count}`;
}

function measured(node: SourceNode | undefined): string {
  return node?.kind === "scalar" && typeof node.value === "number" ? `, found ${node.value}` : "";
}
