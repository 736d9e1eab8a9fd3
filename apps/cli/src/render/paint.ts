import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Colours text for stdout, when that is a terminal that wants colours. */
export function paint(style: Style, text: string): string {
  const wanted = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  return wanted ? styleText(style, text, { validateStream: false }) : text;
}

// Everything that came from a registry, a plugin or a report is printed without control characters, those that turn the
// direction of writing among them: they could rewrite what the terminal shows.
const CONTROL = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;

/** Takes control characters out of text that others wrote; tabs and line ends stay. */
export function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROL, "");
}
