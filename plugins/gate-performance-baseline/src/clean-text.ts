const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;

/** Makes text from a report fit for one line of output: no control characters, bounded length. */
export function cleanText(text: string, maxLength = 200): string {
  const line = text
    .slice(0, maxLength * 8)
    .replace(CONTROL, " ")
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).toWellFormed()}…`;
}
