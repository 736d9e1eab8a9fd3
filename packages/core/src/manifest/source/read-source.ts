import { open } from "node:fs/promises";
import { dirname, isAbsolute, relative } from "node:path";
import { parseDocument } from "yaml";
import { type Digest, digestOf } from "../../model/index.ts";
import type { IssueList } from "../issue-list.ts";
import { convertDocument } from "./convert-document.ts";
import type { SourceFile, SourceNode } from "./source-tree.ts";

/** A manifest larger than this is not one. */
const MAX_BYTES = 1024 * 1024;
/** More syntax errors than this say nothing new. */
const MOST_SYNTAX_ERRORS = 20;

/** One file, read and parsed. `root` is `null` when it has syntax errors, which are in the issue list by then. */
export interface Source {
  readonly file: SourceFile;
  readonly digest: Digest;
  readonly root: SourceNode | null;
}

/** Why a file could not be read at all. */
export interface Unreadable {
  readonly problem: string;
  readonly missing: boolean;
  readonly cause: unknown;
}

/** How a path is shown: relative to the working folder when it lies in it. */
export function showPath(path: string, cwd: string | undefined): string {
  if (cwd === undefined) return path;
  const shown = relative(cwd, path);
  return shown === "" || shown.startsWith("..") || isAbsolute(shown) ? path : shown;
}

/** Reads and parses one file of a manifest; errors in its text go to the issue list. */
export async function readSource(
  path: string,
  options: {
    readonly signal: AbortSignal;
    readonly cwd: string | undefined;
    readonly issues: IssueList;
  },
): Promise<Source | Unreadable> {
  options.signal.throwIfAborted();
  const read = await readBytes(path, options.signal);
  if ("problem" in read) return read;
  const { bytes } = read;
  let text: string;
  try {
    // The decoder drops a byte order mark.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return { problem: "is not UTF-8 text", missing: false, cause };
  }
  const file: SourceFile = {
    path,
    dir: dirname(path),
    shownPath: showPath(path, options.cwd),
    text,
  };
  return { file, digest: digestOf(bytes), root: parseText(file, options.issues) };
}

async function readBytes(
  path: string,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array } | Unreadable> {
  try {
    await using handle = await open(path, "r");
    const stats = await handle.stat();
    if (!stats.isFile()) return { problem: "is not a file", missing: false, cause: undefined };
    const tooLarge = { problem: "is larger than 1 MiB", missing: false, cause: undefined };
    if (stats.size > MAX_BYTES) return tooLarge;
    signal.throwIfAborted();
    const bytes = await handle.readFile({ signal });
    // The file may have grown since.
    return bytes.length > MAX_BYTES ? tooLarge : { bytes };
  } catch (cause) {
    signal.throwIfAborted();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR")
      return { problem: "does not exist", missing: true, cause };
    if (code === "EISDIR") return { problem: "is not a file", missing: false, cause };
    return { problem: `cannot be read (${code || String(cause)})`, missing: false, cause };
  }
}

function parseText(file: SourceFile, issues: IssueList): SourceNode | null {
  const refused = refuseText(file.text);
  if (refused) {
    issues.add({ file, offset: refused.offset }, [], refused.problem);
    return null;
  }
  const document = parseDocument(file.text, {
    version: "1.2",
    schema: "core",
    strict: true,
    // Compared by hand while converting: the library's own check takes quadratic time.
    uniqueKeys: false,
    prettyErrors: false,
    // "silent" would let a second document pass.
    logLevel: "error",
    keepSourceTokens: false,
    // !!binary and the like would otherwise be read although the core schema has none of them.
    resolveKnownTags: false,
  });
  const problems = [...document.errors, ...document.warnings];
  for (const problem of problems.slice(0, MOST_SYNTAX_ERRORS)) {
    const message =
      problem.code === "TAG_RESOLVE_FAILED" ? "YAML tags are not allowed here" : problem.message;
    issues.add({ file, offset: problem.pos[0] }, [], `YAML: ${firstLine(message)}`);
  }
  if (problems.length > 0) return null;
  if (document.directives.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    issues.add({ file, offset: 0 }, [], "YAML: the manifest is YAML 1.2, remove the %YAML line");
    return null;
  }
  return convertDocument(document.contents, file, issues);
}

/** What would only cost time, or show something else in an editor than it means. */
function refuseText(text: string): { offset: number; problem: string } | null {
  const control = /[^\P{Cc}\t\n\r]|\ufeff/u.exec(text);
  if (control) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, "0");
    return {
      offset: control.index,
      problem: `holds the control character U+${code.toUpperCase()}`,
    };
  }
  const bidirectional = /[\u202a-\u202e\u2066-\u2069]/.exec(text);
  if (bidirectional)
    return {
      offset: bidirectional.index,
      problem: "holds a character that changes the direction of text",
    };
  const nested = /(?:[[{]\s*){200}|(?:[-?][ \t]+){200}/.exec(text);
  return nested ? { offset: nested.index, problem: "is nested too deeply" } : null;
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}
