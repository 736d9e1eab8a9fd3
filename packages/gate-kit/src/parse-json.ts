import { cleanText } from "./clean-text.ts";
import { lineAt } from "./decode-text.ts";
import { ReportProblem } from "./report-problem.ts";

/** Levels of arrays and objects; deeper than any tool writes. */
const MAX_DEPTH = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_LIST = 0x5d;

/**
 * Parses the text of a JSON report strictly: one value, no NaN, no key twice in one object, no `__proto__`, at most 200
 * levels. A second value or text behind the report is refused.
 *
 * @throws {ReportProblem} with the line; never with the text there, which may be a secret.
 */
export function parseJson(path: string, text: string, firstLine = 1): unknown {
  checkStructure(path, text, firstLine);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ReportProblem(
      path,
      placeOf(String(cause), text, firstLine),
      "it is not JSON there: cut off, or not written by the tool alone",
    );
  }
}

/** The engine names the place as a position, or says that the text ended; its message would show the text. */
function placeOf(message: string, text: string, firstLine: number): number {
  const position = /at position (\d+)/.exec(message)?.[1];
  const offset = position === undefined ? text.length : Number(position);
  return lineAt(text, offset) + firstLine - 1;
}

/** Finds what `JSON.parse` lets through. Text that is no JSON at all is left to it. */
function checkStructure(path: string, text: string, firstLine: number): void {
  // The keys of each open object; `null` for an array.
  const open: (Set<string> | null)[] = [];
  const refuse = (offset: number, what: string): never => {
    throw new ReportProblem(path, lineAt(text, offset) + firstLine - 1, what);
  };
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end === -1) return;
      const keys = open.at(-1);
      if (keys && isKey(text, end)) {
        const key = readKey(text.slice(at, end));
        if (key === "__proto__") refuse(at, "a key is named __proto__");
        if (key !== null && keys.has(key))
          refuse(at, `the key "${cleanText(key, 60)}" stands twice in one object`);
        if (key !== null) keys.add(key);
      }
      at = end - 1;
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      open.push(code === OPEN_OBJECT ? new Set() : null);
      if (open.length > MAX_DEPTH) refuse(at, `it is nested more than ${MAX_DEPTH} levels deep`);
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      open.pop();
    }
  }
}

/** Where a string of JSON ends that begins at `start`: behind its quotation mark; -1 if it does not end. */
export function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return -1;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  // Other blanks than JSON's make it no JSON, which is found later.
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return text.charCodeAt(at) === COLON;
}

function readKey(quoted: string): string | null {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}
