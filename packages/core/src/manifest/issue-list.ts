import { FloeError, type FloeErrorCode } from "../errors/index.ts";
import { type Position, positionOf, type SourceFile } from "./source/source-tree.ts";

/** A path of keys and indexes into the manifest. */
export type IssuePath = readonly (string | number)[];

/** One error of a manifest, as `details.issues` of FLOE_MANIFEST_INVALID lists it. */
export interface ManifestIssue {
  /** As shown to the user: relative to the working folder when it is known. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
  /** `artifacts.promotion.environments[0].gates.tests`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion: string | null;
}

/** What the error is that lists them. */
export interface IssueKind {
  readonly code: FloeErrorCode;
  readonly hint: string;
}

const MANIFEST_ISSUES: IssueKind = {
  code: "FLOE_MANIFEST_INVALID",
  hint: "Each line says where (file:line:column) and what. `floe manifest validate` checks again; `floe manifest schema` gives editors a JSON Schema.",
};

/** So many lines of a broken manifest are enough to see what is wrong with it. */
const MOST_LISTED = 50;
/** Keeps `details` of a hostile file small. */
const MOST_KEPT = 1000;

/** Quotes a value of the manifest for a message; nothing in it can steer a terminal. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  const quoted = JSON.stringify(short);
  return quoted.replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Writes a path as the messages show it. */
function formatPath(path: IssuePath): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${quote(part)}]`;
  }
  return text;
}

/** Collects the errors of a manifest, so that all are reported at once. */
export class IssueList {
  readonly #issues = new Map<string, { readonly order: number; readonly issue: ManifestIssue }>();
  readonly #files: SourceFile[] = [];

  get empty(): boolean {
    return this.#issues.size === 0;
  }

  /** Adds an error; one that several environments share is kept once. */
  add(at: Position, path: IssuePath, message: string, suggestion: string | null = null): void {
    if (this.#issues.size >= MOST_KEPT) return;
    let order = this.#files.indexOf(at.file);
    if (order < 0) order = this.#files.push(at.file) - 1;
    const { line, column } = positionOf(at);
    const key = `${order}:${line}:${column}:${formatPath(path)}:${message}`;
    if (this.#issues.has(key)) return;
    const file = at.file.shownPath;
    const issue = { file, line, column, path: formatPath(path), message, suggestion };
    this.#issues.set(key, { order, issue });
  }

  /** The errors by file, line and column. */
  list(): ManifestIssue[] {
    return [...this.#issues.values()]
      .sort(
        (a, b) =>
          a.order - b.order || a.issue.line - b.issue.line || a.issue.column - b.issue.column,
      )
      .map((entry) => entry.issue);
  }

  /** @throws {FloeError} FLOE_MANIFEST_INVALID, or what `as` says - when there is any error; it lists all of them */
  throwIfAny(shownPath: string, as: IssueKind = MANIFEST_ISSUES): void {
    if (this.empty) return;
    const issues = this.list();
    const lines = issues.slice(0, MOST_LISTED).map((issue) => `  ${formatIssue(issue)}`);
    if (issues.length > MOST_LISTED) lines.push(`  … and ${issues.length - MOST_LISTED} more`);
    const count = issues.length === 1 ? "an error" : `${issues.length} errors`;
    throw new FloeError({
      code: as.code,
      message: `${shownPath} has ${count}:\n${lines.join("\n")}`,
      hint: as.hint,
      details: { issues: issues.map((issue) => ({ ...issue })) },
    });
  }
}

/** Writes an issue as one line: `file:line:column path: message; did you mean …?`. */
export function formatIssue(issue: ManifestIssue): string {
  const where = `${issue.file}:${issue.line}:${issue.column}`;
  const path = issue.path === "" ? "" : ` ${issue.path}`;
  const meant = issue.suggestion === null ? "" : `; did you mean ${quote(issue.suggestion)}?`;
  return `${where}${path}: ${issue.message}${meant}`;
}
