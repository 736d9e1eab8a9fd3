// Colour codes, also as writers leave them behind: without the escape character, or with it spelled out (pytest).
const COLOUR = /(?:\p{Cc}|\ufffd|#x1B)\[[0-9;]*[A-Za-z]/giu;
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** Makes text from a report fit for one line of output: no colours, no control characters, bounded length. */
export function cleanText(text: string, maxLength = 300): string {
  const line = text
    .slice(0, maxLength * 8)
    .replace(COLOUR, "")
    .replace(CONTROL, " ");
  const short = line.replace(/\s+/g, " ").trim();
  return short.length <= maxLength ? short : `${short.slice(0, maxLength - 1).toWellFormed()}…`;
}

/** The first line of a text that says something. */
export function firstLine(text: string): string {
  for (const line of text.split("\n", 50)) {
    const clean = cleanText(line);
    if (clean.length > 0) return clean;
  }
  return "";
}
