import { linesOf } from "./lines-of.ts";
import { parseJson } from "./parse-json.ts";

/** A JSON object that stands on a line of its own. */
export interface JsonLine {
  /** From 1. */
  readonly line: number;
  readonly value: unknown;
}

/**
 * Parses a text that has a JSON object on each line, one at a time. Lines that do not begin with `{` are passed over, as tools
 * mix in what others print.
 *
 * @throws {ReportProblem} with the line, for one that begins as an object and is none: it was cut off.
 */
export function* jsonLines(path: string, text: string): Generator<JsonLine, void, undefined> {
  let line = 0;
  for (const content of linesOf(text)) {
    line += 1;
    const trimmed = content.trim();
    if (trimmed.startsWith("{")) yield { line, value: parseJson(path, trimmed, line) };
  }
}
