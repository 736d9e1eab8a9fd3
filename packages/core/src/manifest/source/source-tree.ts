/** One file that takes part in a manifest. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** Absolute folder: what relative paths written in this file are relative to. */
  readonly dir: string;
  readonly shownPath: string;
  readonly text: string;
}

/** A place in a file. */
export interface Position {
  readonly file: SourceFile;
  /** UTF-16 code units from the start. */
  readonly offset: number;
}

/** A key of a map with its value. */
export interface SourceEntry {
  readonly keyAt: Position;
  readonly value: SourceNode;
}

/** A value that knows where it was written. `size` counts the nodes that it expands to, aliases included. */
export type SourceNode =
  | {
      readonly kind: "map";
      readonly at: Position;
      readonly size: number;
      readonly entries: ReadonlyMap<string, SourceEntry>;
    }
  | {
      readonly kind: "list";
      readonly at: Position;
      readonly size: number;
      readonly items: readonly SourceNode[];
    }
  | {
      readonly kind: "scalar";
      readonly at: Position;
      readonly size: 1;
      readonly value: string | number | boolean | null;
    };

/** Line and column, both counted from 1. */
export function positionOf(at: Position): { line: number; column: number } {
  const before = at.file.text.slice(0, at.offset);
  const lastBreak = before.lastIndexOf("\n");
  let line = 1;
  for (let index = before.indexOf("\n"); index >= 0; index = before.indexOf("\n", index + 1))
    line += 1;
  return { line, column: at.offset - lastBreak };
}

/** Lays one file over the one that it extends: maps key by key, everything else is replaced. */
export function mergeTrees(base: SourceNode, over: SourceNode): SourceNode {
  if (base.kind !== "map" || over.kind !== "map") return over;
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    entries.set(
      key,
      below ? { keyAt: entry.keyAt, value: mergeTrees(below.value, entry.value) } : entry,
    );
  }
  let size = 1;
  for (const entry of entries.values()) size += entry.value.size;
  return { kind: "map", at: over.at, size, entries };
}

/** A map without one of its keys. */
export function withoutKey(node: SourceNode, key: string): SourceNode {
  if (node.kind !== "map" || !node.entries.has(key)) return node;
  const entries = new Map(node.entries);
  entries.delete(key);
  return { ...node, entries };
}

/** The value alone. Keys are safe to assign: `__proto__` never gets into a tree. */
export function toPlain(node: SourceNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toPlain);
  const value: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) value[key] = toPlain(entry.value);
  return value;
}

/** The node at a path, if there is one. */
export function nodeAt(
  root: SourceNode,
  path: readonly (string | number)[],
): SourceNode | undefined {
  let node: SourceNode | undefined = root;
  for (const part of path) {
    if (node?.kind === "map") node = node.entries.get(String(part))?.value;
    else if (node?.kind === "list") node = node.items[Number(part)];
    else return undefined;
  }
  return node;
}

/**
 * Where a path was written. For a path that is not there, the key (or list entry) of the nearest parent that is.
 * `side` chooses between a key and its value.
 */
export function locate(
  root: SourceNode,
  path: readonly (string | number)[],
  side: "key" | "value" = "value",
): Position {
  let node = root;
  let keyAt = root.at;
  for (const part of path) {
    if (node.kind === "map") {
      const entry = node.entries.get(String(part));
      if (!entry) return keyAt;
      keyAt = entry.keyAt;
      node = entry.value;
    } else if (node.kind === "list") {
      const item = node.items[Number(part)];
      if (!item) return keyAt;
      keyAt = item.at;
      node = item;
    } else return keyAt;
  }
  return side === "key" ? keyAt : node.at;
}
