import { linesOf } from "@floe/gate-kit";

/** Characters of a diagnostic block that are read. */
const MAX_LENGTH = 64 * 1024;

const BEGINS = /^(\s+)---\s*$/;

/**
 * Takes out of TAP what stands in very long diagnostic blocks (YAML between `---` and `...`): reading one takes time by the
 * square of its length, and only its message is shown. A block that does not end is left to the parser of TAP.
 */
export function withoutLongDiagnostics(text: string): string {
  const kept: string[] = [];
  let from = 0;
  let at = 0;
  let block: { readonly end: string; readonly start: number } | null = null;
  for (const line of linesOf(text)) {
    const next = at + line.length + 1;
    if (block === null) {
      const indent =
        line.endsWith("-") || line.endsWith("-\r") ? BEGINS.exec(line)?.[1] : undefined;
      if (indent !== undefined) block = { end: `${indent}...`, start: next };
    } else if (line.trimEnd() === block.end) {
      if (at - block.start > MAX_LENGTH) {
        kept.push(text.slice(from, block.start));
        from = at;
      }
      block = null;
    }
    at = next;
  }
  return kept.length === 0 ? text : `${kept.join("")}${text.slice(from)}`;
}
