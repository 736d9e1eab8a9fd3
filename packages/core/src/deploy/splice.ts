import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
} from "yaml";
import type { Edit } from "./edit.ts";
import { environmentOfMark } from "./mark.ts";
import { scalarText } from "./scalar-text.ts";
import type { YamlPath } from "./yaml-file.ts";

/**
 * Makes an edit in the text itself, so that nothing else of the file moves. `null`: not possible here, or not surely;
 * whoever asks checks what the result says.
 */
export function splice(text: string, document: Document, edit: Edit): string | null {
  if (edit.kind === "remove") return removePair(text, document, edit.path);
  if (edit.kind === "append") return appendItem(text, document, edit);
  const there = nodeAt(document, edit.path);
  if (there === undefined) return insertPair(text, document, edit.path, edit);
  if (!isScalar(there) || !there.range || there.range[0] === there.range[1]) return null;
  const written = scalarText(edit.value, there.type);
  if (written === null) return null;
  const [start, end] = there.range;
  const before = commentBehind(text, document, edit.path);
  const marks =
    edit.mark !== null && before !== null && (before === "" || environmentOfMark(before) !== null);
  const tail = marks ? ` ${edit.mark}` : text.slice(end, lineEnd(text, end));
  return (
    text.slice(0, start) +
    written +
    tail +
    text.slice(marks ? lineEnd(text, end) : lineEnd(text, end))
  );
}

/** The comment on the same line behind a scalar, `""` when there is none; `null`: none can stand there. */
export function commentBehind(text: string, document: Document, path: YamlPath): string | null {
  const node = nodeAt(document, path);
  if (!isScalar(node) || !node.range || inBrackets(document, path)) return null;
  const rest = text.slice(node.range[1], lineEnd(text, node.range[1])).trim();
  return rest === "" || rest.startsWith("#") ? rest : null;
}

/** Whether a value stands in a map or list in brackets, where a comment would end the line. */
export function inBrackets(document: Document, path: YamlPath): boolean {
  for (let length = 0; length < path.length; length += 1) {
    const node = nodeAt(document, path.slice(0, length));
    if (isCollection(node) && node.flow === true) return true;
  }
  return false;
}

function nodeAt(document: Document, path: YamlPath): unknown {
  if (path.length === 0) return document.contents ?? undefined;
  try {
    return document.getIn(path, true) ?? undefined;
  } catch {
    return undefined;
  }
}

interface Written {
  readonly value: string;
  readonly mark: string | null;
}

/** Adds `key: value` below the last line of the map that is there, with the maps between. */
function insertPair(
  text: string,
  document: Document,
  path: YamlPath,
  { value, mark }: Written,
): string | null {
  const parent = nodeAt(document, path.slice(0, -1));
  if (isMap(parent) && parent.flow === true)
    return insertInBrackets(text, parent, pairText(text, String(path.at(-1)), value));
  const scalar = scalarText(value, undefined);
  const [depth, indent] = nearestMap(text, document, path);
  if (scalar === null || indent === null) return null;
  const keys = path.slice(depth);
  const lines = keys.map((key, index) => {
    const name = typeof key === "string" ? scalarText(key, undefined) : null;
    const end = index < keys.length - 1 ? "" : ` ${scalar}${mark === null ? "" : ` ${mark}`}`;
    return name === null ? null : `${indent}${"  ".repeat(index)}${name}:${end}`;
  });
  if (lines.includes(null)) return null;
  return insertLines(text, nodeAt(document, path.slice(0, depth)), lines as string[]);
}

/** Adds behind the last thing in brackets; `null` where there is none to go by. */
function insertInBrackets(text: string, node: unknown, added: string): string | null {
  const last = isCollection(node) ? node.items.at(-1) : undefined;
  const end = isPair(last) ? endOfPair(last) : contentEnd(last);
  return end === null ? null : `${text.slice(0, end)}, ${added}${text.slice(end)}`;
}

function pairText(text: string, key: string, value: string): string {
  return `${bracketText(text, key)}: ${bracketText(text, value)}`;
}

/** In a file that is JSON, all text is in quotes. */
function bracketText(text: string, value: string): string {
  const json = /^\s*[[{]/.test(text);
  return json ? JSON.stringify(value) : (scalarText(value, undefined) ?? JSON.stringify(value));
}

/** The deepest block map above a path that has entries: how deep it is, and the spaces before its keys. */
function nearestMap(
  text: string,
  document: Document,
  path: YamlPath,
): readonly [number, string | null] {
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const node = nodeAt(document, path.slice(0, depth));
    if (node === undefined) continue;
    const block = isMap(node) && node.flow !== true && node.items.length > 0 && node.range;
    return [depth, block ? " ".repeat(columnOf(text, block[0])) : null];
  }
  return [0, null];
}

function appendItem(
  text: string,
  document: Document,
  { path, item, mark }: Extract<Edit, { readonly kind: "append" }>,
): string | null {
  const list = nodeAt(document, path);
  if (isSeq(list) && list.flow === true) {
    const added =
      typeof item === "string"
        ? bracketText(text, item)
        : `{ ${Object.entries(item)
            .map(([key, value]) => pairText(text, key, value))
            .join(", ")} }`;
    return insertInBrackets(text, list, added);
  }
  const block = isSeq(list) && list.flow !== true && list.items.length > 0 && list.range;
  if (block) {
    const lines = itemLines(item, " ".repeat(columnOf(text, block[0])), mark);
    return lines && insertLines(text, list, lines);
  }
  const [depth, indent] = nearestMap(text, document, path);
  const keys = path.slice(depth);
  if (list !== undefined || indent === null || keys.some((key) => typeof key !== "string"))
    return null;
  const heads = keys.map((key, index) => `${indent}${"  ".repeat(index)}${key}:`);
  const lines = itemLines(item, indent + "  ".repeat(keys.length), mark);
  return lines && insertLines(text, nodeAt(document, path.slice(0, depth)), [...heads, ...lines]);
}

function itemLines(
  item: string | Readonly<Record<string, string>>,
  indent: string,
  mark: string,
): string[] | null {
  const written =
    typeof item === "string"
      ? [scalarText(item, undefined)]
      : Object.entries(item).map(([key, value]) => `${key}: ${scalarText(value, undefined)}`);
  return written.map(
    (line, index) =>
      `${indent}${index === 0 ? "- " : "  "}${line}${index === written.length - 1 ? ` ${mark}` : ""}`,
  );
}

function insertLines(text: string, below: unknown, lines: readonly string[]): string | null {
  const end = contentEnd(below);
  if (end === null) return null;
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const added = lines.join(newline);
  // What ends with a text block ends behind its last newline.
  if (text[end - 1] === "\n") return text.slice(0, end) + added + newline + text.slice(end);
  const at = lineEnd(text, end);
  return text.slice(0, at) + newline + added + text.slice(at);
}

function removePair(text: string, document: Document, path: YamlPath): string | null {
  const map = nodeAt(document, path.slice(0, -1));
  if (!isMap(map) || map.items.length < 2) return null;
  const index = map.items.findIndex(({ key }) => isScalar(key) && key.value === path.at(-1));
  const pair = map.items[index];
  if (map.flow === true) return removeInBrackets(text, map.items, index);
  const start = pair && isNode(pair.key) ? pair.key.range?.[0] : undefined;
  const end = pair ? endOfPair(pair) : null;
  if (start === undefined || end === null) return null;
  const from = start - columnOf(text, start);
  // Behind the dash of a list the line holds more than the pair.
  if (text.slice(from, start).trim() !== "" || text[end - 1] === "\n") return null;
  const rest = text.slice(end, lineEnd(text, end)).trim();
  if (rest !== "" && !rest.startsWith("#")) return null;
  const to = lineEnd(text, end);
  const next = text.startsWith("\r\n", to) ? to + 2 : Math.min(to + 1, text.length);
  return text.slice(0, from) + text.slice(next);
}

function removeInBrackets(text: string, items: readonly Pair[], index: number): string | null {
  const [before, pair, after] = [items[index - 1], items[index], items[index + 1]];
  const startOf = (one: Pair | undefined): number | null =>
    one && isNode(one.key) ? (one.key.range?.[0] ?? null) : null;
  const from = after || !before ? startOf(pair) : endOfPair(before);
  const to = after ? startOf(after) : pair ? endOfPair(pair) : null;
  return from === null || to === null ? null : text.slice(0, from) + text.slice(to);
}

/** Where what a node says ends, without comments behind it; `null` where the text does not tell. */
function contentEnd(node: unknown): number | null {
  if (!isNode(node)) return null;
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return last ? endOfPair(last) : null;
  }
  if (isSeq(node) && node.flow !== true) return contentEnd(node.items.at(-1));
  if (isScalar(node) || isAlias(node) || isCollection(node))
    return (node as Node).range?.[1] ?? null;
  return null;
}

function endOfPair({ key, value }: Pair): number | null {
  return value === null ? contentEnd(key) : contentEnd(value);
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" && end > from ? end - 1 : end;
}
