/** Answer of {@link splitCommand}. */
export type SplitResult =
  | { readonly ok: true; readonly words: string[] }
  | { readonly ok: false; readonly problem: string };

/** What a shell would act on and a plain command cannot. */
const OPERATORS = new Set(["|", "&", ";", "<", ">", "`"]);
/** What a backslash escapes between double quotes (POSIX.1-2024 XCU 2.2.3). */
const ESCAPABLE = new Set(['"', "\\", "$", "`"]);

/**
 * Splits a command string into words with the quoting rules of a POSIX shell (XCU 2.2) and without any expansion:
 * `$NAME`, globs and `~` stay as they are. Operators outside quotes are refused, because without a shell they would
 * silently become arguments.
 */
export function splitCommand(text: string): SplitResult {
  const words: string[] = [];
  let word: string | null = null;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return unbalanced("'", at);
      word = (word ?? "") + text.slice(at + 1, end);
      at = end + 1;
    } else if (char === '"') {
      const quoted = readDoubleQuoted(text, at);
      if (quoted === null) return unbalanced('"', at);
      word = (word ?? "") + quoted.value;
      at = quoted.end;
    } else if (char === "\\") {
      if (at + 1 >= text.length)
        return { ok: false, problem: "ends with a backslash that escapes nothing" };
      const next = text.charAt(at + 1);
      // A backslash before a newline continues the line (XCU 2.2.1).
      if (next !== "\n") word = (word ?? "") + next;
      at += 2;
    } else if (char === " " || char === "\t" || char === "\n" || char === "\r") {
      if (word !== null) words.push(word);
      word = null;
      at += 1;
    } else if (OPERATORS.has(char) || (char === "$" && text.charAt(at + 1) === "(")) {
      const operator = char === "$" ? "$(" : char;
      return {
        ok: false,
        problem: `has ${operator} outside quotes, which only a shell understands: quote it, or set shell: true`,
      };
    } else {
      word = (word ?? "") + char;
      at += 1;
    }
  }
  if (word !== null) words.push(word);
  return { ok: true, words };
}

function readDoubleQuoted(text: string, start: number): { value: string; end: number } | null {
  let value = "";
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') return { value, end: at + 1 };
    const next = text.charAt(at + 1);
    if (char === "\\" && ESCAPABLE.has(next)) {
      value += next;
      at += 1;
    } else if (char === "\\" && next === "\n") at += 1;
    else value += char;
  }
  return null;
}

function unbalanced(quote: string, at: number): SplitResult {
  return { ok: false, problem: `has a ${quote} at character ${at + 1} that is never closed` };
}
