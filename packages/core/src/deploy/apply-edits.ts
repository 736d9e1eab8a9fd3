import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import { FloeError } from "../errors/index.ts";
import type { Edit } from "./edit.ts";
import { environmentOfMark } from "./mark.ts";
import { scalarNode } from "./scalar-text.ts";
import { commentBehind, inBrackets, splice } from "./splice.ts";
import { nodeIn, parseYamlFile, placeIn, type YamlFile, type YamlPath } from "./yaml-file.ts";

/**
 * Applies edits to a file's text. Only the places that change are written; where that is not possible (a list in
 * brackets, a value that stands in for an alias), the file is written anew with its comments, order, quotes and anchors.
 * Every edit is checked: the text is parsed again and has to say what was meant, and nothing else.
 * @throws {FloeError} FLOE_DEPLOY_FILE_INVALID - something of another kind stands in the way
 */
export function applyEdits(file: YamlFile, edits: readonly Edit[]): string {
  let current = file;
  for (const edit of edits) {
    if (isDone(current, edit)) continue;
    const text = applyOne(current, edit);
    current = parseYamlFile(file.path, text);
  }
  return current.text;
}

function isDone(file: YamlFile, edit: Edit): boolean {
  const document = file.documents[edit.document];
  if (!document || edit.kind === "append") return false;
  const node = nodeOrUndefined(document, edit.path);
  if (edit.kind === "remove") return node === undefined;
  if (!isScalar(node) || node.value !== edit.value) return false;
  return edit.mark === null || !wantsMark(file, document, edit.path, edit.mark);
}

/** Whether the mark is not there and could be: in brackets a comment would end the line, and others' comments stay. */
function wantsMark(file: YamlFile, document: Document, path: YamlPath, mark: string): boolean {
  const comment = commentBehind(file.text, document, path);
  if (comment === null || comment === mark) return false;
  return comment === "" || environmentOfMark(comment) !== null;
}

function applyOne(file: YamlFile, edit: Edit): string {
  const wanted = parseYamlFile(file.path, file.text).documents;
  const document = wanted[edit.document];
  if (!document) throw new Error(`${file.path} has no document ${edit.document}`);
  try {
    editDocument(document, edit);
  } catch (cause) {
    throw inTheWay(file, edit, cause);
  }
  const meaning = meaningOf(wanted);
  const spliced = splice(file.text, file.documents[edit.document] ?? document, edit);
  if (spliced !== null && says(spliced, meaning)) return spliced;
  const rewritten = wanted.map((one) => one.toString({ lineWidth: 0 })).join("");
  const text = file.text.includes("\r\n") ? rewritten.replace(/\r?\n/g, "\r\n") : rewritten;
  if (says(text, meaning)) return text;
  throw inTheWay(file, edit, new Error("the file cannot be written so that it says only that"));
}

/** What a file says, key by key and in order: two equal texts differ in nothing but form. */
function meaningOf(documents: readonly Document[]): string {
  return JSON.stringify(documents.map((document) => document.toJS() as unknown));
}

function says(text: string, meaning: string): boolean {
  try {
    return meaningOf(parseYamlFile("", text).documents) === meaning;
  } catch {
    return false;
  }
}

function editDocument(document: Document, edit: Edit): void {
  const { path } = edit;
  if (edit.kind === "remove") {
    document.deleteIn(path);
    return;
  }
  if (edit.kind === "set") {
    makeMaps(document, path.slice(0, -1));
    const there = document.getIn(path, true);
    const node = isScalar(there) ? there : null;
    if (node) node.value = edit.value;
    else
      document.setIn(
        path,
        withMark(scalarNode(edit.value), inBrackets(document, path) ? null : edit.mark),
      );
    return;
  }
  const list = nodeOrUndefined(document, path);
  const brackets = isSeq(list) && list.flow === true && list.items.length > 0;
  const item = itemNode(edit.item, brackets ? null : edit.mark);
  if (isSeq(list)) {
    if (list.items.length === 0) list.flow = false;
    list.add(item);
    return;
  }
  if (list !== undefined && !(isScalar(list) && list.value === null))
    throw new Error("no list stands there");
  makeMaps(document, path.slice(0, -1));
  const made = new YAMLSeq();
  made.flow = false;
  made.add(item);
  document.setIn(path, made);
}

function withMark<Kind extends Node>(node: Kind, mark: string | null): Kind {
  if (mark !== null) node.comment = mark.slice(1);
  return node;
}

function itemNode(item: string | Readonly<Record<string, string>>, mark: string | null): Node {
  if (typeof item === "string") return withMark(scalarNode(item), mark);
  const map = new YAMLMap();
  map.flow = false;
  const entries = Object.entries(item);
  for (const [index, [key, value]] of entries.entries())
    map.set(
      scalarNode(key),
      withMark(scalarNode(value), index === entries.length - 1 ? mark : null),
    );
  return map;
}

/** Puts an empty map where nothing stands on the way. */
function makeMaps(document: Document, path: YamlPath): void {
  for (let length = 0; length <= path.length; length += 1) {
    const part = path.slice(0, length);
    const node = length === 0 ? document.contents : document.getIn(part, true);
    if (isCollection(node)) {
      if (isMap(node) && node.items.length === 0) node.flow = false;
      continue;
    }
    if (node !== undefined && node !== null && !(isScalar(node) && node.value === null))
      throw new Error(`${part.join(".") || "the document"} is no map`);
    const map = new YAMLMap();
    map.flow = false;
    if (length === 0) document.contents = map as unknown as Document["contents"];
    else document.setIn(part, map);
  }
}

function nodeOrUndefined(document: Document, path: YamlPath): unknown {
  try {
    const node = document.getIn(path, true);
    return node === null ? undefined : node;
  } catch {
    return nodeIn(document, []) === null ? undefined : null;
  }
}

function inTheWay(file: YamlFile, edit: Edit, cause: unknown): FloeError {
  const where = placeIn(file, edit.document, edit.path);
  return new FloeError({
    code: "FLOE_DEPLOY_FILE_INVALID",
    message: `${where}: ${edit.path.join(".")} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Write the map or list out at that place, without an alias; nothing was written.",
    details: { file: file.path },
    cause,
  });
}
