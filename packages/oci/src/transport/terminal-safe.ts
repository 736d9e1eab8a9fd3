const ESC = "\u001b";
/** What ends an operating system command: BEL, ST in two characters, ST in one. */
const END = `(?:\u0007|${ESC}\\\\|\u009c)`;

/** Escape sequences of terminals (ECMA-48): CSI, OSC and its like, and short ones; one without end up to where the text ends. */
const ESCAPES = new RegExp(
  [
    `(?:${ESC}\\[|\u009b)[0-?]*[ -/]*[@-~]?`,
    `(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007${ESC}\u009c]*${END}?`,
    `${ESC}[ -/]*[0-~]?`,
  ].join("|"),
  "g",
);

/** Makes one line of a stranger's text, without escape sequences and control characters: a terminal must not take orders from it. */
export function terminalSafe(text: string): string {
  return text
    .replace(ESCAPES, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/ {2,}/g, " ")
    .trim();
}
