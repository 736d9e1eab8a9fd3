import { parseJson } from "./parse-json.ts";

/** A JSON object that stands on a line of its own. */
export interface JsonLine {
  /** From 1. */
  readonly line: number;
  readonly value: unknown;
}

/** What the lines of a text hold. */
export interface JsonLines {
  readonly lines: readonly JsonLine[];
  /** Lines that do not begin with `{`, as tools mix in what others print; empty ones are not counted. */
  readonly otherLines: number;
}

/**
 * Parses a text that has a JSON object on each line. Lines that do not begin with `{` are counted and passed over.
 *
 * @throws {ReportProblem} with the line, for one that begins as an object and is none: it was cut off.
 */
export function parseJsonLines(path: string, text: string): JsonLines {
  const lines: JsonLine[] = [];
  let otherLines = 0;
  for (const [index, content] of text.split("\n").entries()) {
    const trimmed = content.trim();
    if (trimmed === "") continue;
    if (!trimmed.startsWith("{")) {
      otherLines += 1;
      continue;
    }
    lines.push({ line: index + 1, value: parseJson(path, trimmed, index + 1) });
  }
  return { lines, otherLines };
}
