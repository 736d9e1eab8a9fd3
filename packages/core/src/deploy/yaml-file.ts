import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from "yaml";
import { FloeError } from "../errors/index.ts";

/** Keys and indexes from the top of a document to a value. */
export type YamlPath = readonly (string | number)[];

/** A YAML file as it was read, with all its documents. */
export interface YamlFile {
  /** As shown to the user. */
  readonly path: string;
  readonly text: string;
  readonly documents: readonly Document[];
  readonly lines: LineCounter;
}

/** More errors of one file say nothing new. */
const MOST_ERRORS = 20;
/** As many aliases as the library expands by itself; more are no configuration. */
const MOST_ALIASES = 100;

/**
 * Parses all documents of a file as Kubernetes' tools do, merge keys included.
 * @throws {FloeError} FLOE_DEPLOY_FILE_INVALID - it is no YAML; the message has file:line:column of each error
 */
export function parseYamlFile(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  let documents: readonly Document[];
  const problems: { readonly offset: number; readonly message: string }[] = [];
  try {
    documents = parseAllDocuments(text, {
      lineCounter: lines,
      merge: true,
      // Looked for below: the library's own check takes quadratic time.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
    });
    for (const document of documents) {
      for (const { pos, message } of document.errors) problems.push({ offset: pos[0], message });
      if (document.errors.length > 0) continue;
      visit(document, {
        Map: (_, map) => {
          problems.push(...repeatedKeys(map as YAMLMap));
        },
        Alias: (_, alias, above) => {
          const meant = alias.resolve(document);
          const offset = alias.range?.[0] ?? 0;
          if (meant === undefined)
            problems.push({ offset, message: `the alias *${alias.source} stands for nothing` });
          else if (above.includes(meant))
            problems.push({
              offset,
              message: `the alias *${alias.source} stands for what it is in`,
            });
        },
      });
      if (problems.length === 0) document.toJS({ maxAliasCount: MOST_ALIASES });
    }
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof ReferenceError)) throw cause;
    throw invalid(path, [`${path}:1:1: is nested too deeply, or has too many aliases`], cause);
  }
  if (problems.length === 0) return { path, text, documents, lines };
  throw invalid(
    path,
    problems.slice(0, MOST_ERRORS).map(({ offset, message }) => {
      const { line, col } = lines.linePos(offset);
      return `${path}:${line}:${col}: ${message.split("\n", 1)[0]}`;
    }),
  );
}

function* repeatedKeys(map: YAMLMap): Iterable<{ offset: number; message: string }> {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key) || key.value === "<<") continue;
    if (seen.has(key.value))
      yield { offset: key.range?.[0] ?? 0, message: `${String(key.value)} is written twice` };
    seen.add(key.value);
  }
}

function invalid(path: string, problems: readonly string[], cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_DEPLOY_FILE_INVALID",
    message: problems.length === 1 ? (problems[0] ?? path) : `${path}:\n  ${problems.join("\n  ")}`,
    hint: "Correct it, or give the file that is meant with --path; nothing was written.",
    details: { file: path, problems: [...problems] },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The node at a path; `undefined`: there is none. Aliases on the way are not followed, the last one is. */
export function nodeIn(document: Document, path: YamlPath): unknown {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isAlias(node) ? node.resolve(document) : node;
}

/** The text at a path; `null`: none, or no text. */
export function textIn(document: Document, path: YamlPath): string | null {
  const node = nodeIn(document, path);
  return isScalar(node) && typeof node.value === "string" ? node.value : null;
}

/** How many items the list at a path has; 0 where there is none. */
export function lengthIn(document: Document, path: YamlPath): number {
  const node = nodeIn(document, path);
  return isSeq(node) ? node.items.length : 0;
}

/** Whether a map stands at a path. */
export function hasMap(document: Document, path: YamlPath): boolean {
  return isMap(nodeIn(document, path));
}

/** `file:line:column` of a path, or of the nearest thing above it that is there. */
export function placeIn(file: YamlFile, index: number, path: YamlPath): string {
  const document = file.documents[index];
  for (let length = path.length; document && length >= 0; length -= 1) {
    const part = path.slice(0, length);
    const node = length === 0 ? document.contents : document.getIn(part, true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = file.lines.linePos(node.range[0]);
    return `${file.path}:${line}:${col}`;
  }
  return `${file.path}:1:1`;
}
