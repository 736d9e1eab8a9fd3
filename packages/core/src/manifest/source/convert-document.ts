import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import { type IssueList, type IssuePath, quote } from "../issue-list.ts";
import type { Position, SourceEntry, SourceFile, SourceNode } from "./source-tree.ts";

const MAX_DEPTH = 64;
/** With aliases expanded; the largest sensible manifest is far below, and a file of 1 MiB without aliases just above. */
const MAX_NODES = 200_000;

interface Conversion {
  readonly file: SourceFile;
  readonly issues: IssueList;
  readonly anchors: Map<string, SourceNode>;
}

/**
 * Turns a parsed document into a tree of plain values that know their places. Whatever has no meaning in a manifest
 * (keys that are not text, repeated keys, numbers that lose digits) becomes an issue.
 */
export function convertDocument(
  contents: Node | null,
  file: SourceFile,
  issues: IssueList,
): SourceNode | null {
  const start: Position = { file, offset: 0 };
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    issues.add(start, [], "is empty");
    return null;
  }
  const root = convert({ file, issues, anchors: new Map() }, contents, [], 0);
  if (root.kind !== "map") {
    issues.add(root.at, [], "expected a map of keys and values");
    return null;
  }
  return root;
}

function nothing(at: Position): SourceNode {
  return { kind: "scalar", at, size: 1, value: null };
}

function convert(run: Conversion, node: unknown, path: IssuePath, depth: number): SourceNode {
  const at: Position = { file: run.file, offset: offsetOf(node) };
  if (depth > MAX_DEPTH) {
    run.issues.add(at, path, "is nested too deeply");
    return nothing(at);
  }
  if (isAlias(node)) return resolveAlias(run, node.source, at, path);
  const converted = isMap(node)
    ? convertMap(run, node.items, at, path, depth)
    : isSeq(node)
      ? convertList(run, node.items, at, path, depth)
      : convertScalar(run, isScalar(node) ? node.value : null, at, path);
  // Set only now: an alias inside its own anchor finds nothing and is refused.
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
    run.anchors.set(node.anchor, converted);
  return converted;
}

function isNothing(node: unknown): boolean {
  if (node === null) return true;
  return isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1];
}

function offsetOf(node: unknown): number {
  if (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)) return node.range?.[0] ?? 0;
  return 0;
}

function resolveAlias(run: Conversion, name: string, at: Position, path: IssuePath): SourceNode {
  const node = run.anchors.get(name);
  if (node) return node;
  run.issues.add(at, path, `the alias *${quote(name).slice(1, -1)} stands for nothing above it`);
  return nothing(at);
}

function convertMap(
  run: Conversion,
  pairs: readonly Pair[],
  at: Position,
  path: IssuePath,
  depth: number,
): SourceNode {
  const entries = new Map<string, SourceEntry>();
  let size = 1;
  for (const pair of pairs) {
    const keyAt: Position = { file: run.file, offset: offsetOf(pair.key) };
    const key = readKey(run, pair.key, keyAt, path);
    if (key === null) continue;
    const keyPath = [...path, key];
    if (entries.has(key)) {
      run.issues.add(keyAt, keyPath, "is written twice");
      continue;
    }
    // `key:` without a value: an error about it belongs to the key.
    const value = isNothing(pair.value)
      ? nothing(keyAt)
      : convert(run, pair.value, keyPath, depth + 1);
    entries.set(key, { keyAt, value });
    size += value.size;
  }
  return limited(run, { kind: "map", at, size, entries }, path);
}

function readKey(run: Conversion, key: unknown, at: Position, path: IssuePath): string | null {
  if (isScalar(key) && typeof key.value === "string") {
    if (key.value === "<<") {
      run.issues.add(
        at,
        path,
        "YAML 1.2 has no merge keys (<<); `extends` shares parts between manifests",
      );
      return null;
    }
    if (key.value === "__proto__" || key.value.length > 1000 || !key.value.isWellFormed()) {
      run.issues.add(at, path, `${quote(key.value)} cannot be a key`);
      return null;
    }
    return key.value;
  }
  const what = isScalar(key) ? quote(String(key.value)) : "a list, map or alias";
  run.issues.add(at, path, `${what} is no text and cannot be a key; put it in quotes`);
  return null;
}

function convertList(
  run: Conversion,
  nodes: readonly unknown[],
  at: Position,
  path: IssuePath,
  depth: number,
): SourceNode {
  const items = nodes.map((node, index) => convert(run, node, [...path, index], depth + 1));
  const size = items.reduce((sum, item) => sum + item.size, 1);
  return limited(run, { kind: "list", at, size, items }, path);
}

function limited(run: Conversion, node: SourceNode, path: IssuePath): SourceNode {
  if (node.size <= MAX_NODES) return node;
  run.issues.add(node.at, path, `expands to more than ${MAX_NODES} values`);
  return nothing(node.at);
}

function convertScalar(run: Conversion, value: unknown, at: Position, path: IssuePath): SourceNode {
  if (value === null || typeof value === "boolean") return { kind: "scalar", at, size: 1, value };
  if (typeof value === "number") {
    if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)))
      return { kind: "scalar", at, size: 1, value };
    run.issues.add(at, path, "the number is too large; put it in quotes if it is meant as text");
    return nothing(at);
  }
  if (typeof value === "string" && value.isWellFormed() && !value.includes("\0"))
    return { kind: "scalar", at, size: 1, value };
  run.issues.add(
    at,
    path,
    "holds a character that text cannot have (NUL or half a surrogate pair)",
  );
  return nothing(at);
}
