import { terminalSafe } from "../transport/terminal-safe.ts";

/** The most of all warnings of one answer (distribution-spec, "Warnings"). */
const MAX_LENGTH = 4096;

/**
 * Reads `Warning: 299 - "text"` headers, several of which may stand in one value. Other codes are passed over. The
 * texts are fit for a terminal.
 */
export function readWarnings(header: string | undefined): string[] {
  const text = (header ?? "").slice(0, MAX_LENGTH);
  const warnings: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    if (quote < 0) break;
    const isWarning = /(?:^|,)\s*299\s+\S{1,200}\s+$/.test(
      text.slice(Math.max(at, quote - 260), quote),
    );
    let value = "";
    at = quote + 1;
    while (at < text.length && text[at] !== '"') {
      if (text[at] === "\\") at += 1;
      value += text[at] ?? "";
      at += 1;
    }
    at += 1;
    const line = terminalSafe(value);
    if (isWarning && line !== "") warnings.push(line);
    // A date may follow in quotes (RFC 7234); the next warning begins after the next comma.
    const comma = text.indexOf(",", at);
    const date = /^\s*"[^"]{0,100}"/.exec(text.slice(at, at + 120));
    if (date !== null) at += date[0].length;
    else if (comma >= 0) at = comma;
    else break;
  }
  return warnings;
}
