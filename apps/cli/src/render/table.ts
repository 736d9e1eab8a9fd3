import { stripVTControlCharacters } from "node:util";
import { paint, plain } from "./paint.ts";

/** A cell: text, and how it is coloured. */
export interface Cell {
  readonly text: string;
  readonly style?: "bold" | "dim" | "green" | "red" | "yellow" | "cyan";
}

/** Lays rows out in columns with a header, two spaces between; the last column is not padded. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (Cell | string)[])[],
): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === "string" ? { text: cell } : cell)),
  );
  const widths = header.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => width(row[column]?.text ?? ""))),
  );
  const line = (parts: readonly { text: string; shown: string }[]): string =>
    parts
      .map(({ text, shown }, column) =>
        column === parts.length - 1
          ? shown
          : shown + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(text))),
      )
      .join("  ")
      .trimEnd();
  const head = line(header.map((name) => ({ text: name, shown: paint("dim", name) })));
  const body = cells.map((row) =>
    line(
      row.map((cell) => {
        const text = oneLine(cell.text);
        return { text, shown: cell.style ? paint(cell.style, text) : text };
      }),
    ),
  );
  return [head, ...body].join("\n");
}

function oneLine(text: string): string {
  return plain(text).replace(/\s*\n\s*/g, " ");
}

function width(text: string): number {
  return stripVTControlCharacters(oneLine(text)).length;
}
