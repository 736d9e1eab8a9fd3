import { readFile } from "node:fs/promises";
import { type ExportCursor, NO_CURSOR, parseCursor, writeCursor } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { writeWhole } from "./files/write-whole.ts";

/** A file that says how far events were told. */
export interface CursorFile {
  readonly value: ExportCursor;
  move(to: ExportCursor): Promise<void>;
}

/**
 * Opens a cursor; one that is not there begins at the first event.
 * @throws {FloeError} FLOE_USAGE_INVALID - it cannot be read, or is no cursor
 */
export async function readCursor(path: string | undefined): Promise<CursorFile> {
  if (path === undefined) return { value: NO_CURSOR, move: async () => {} };
  let text: string | null = null;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    if (code !== "ENOENT")
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `the cursor ${path} cannot be read (${code})`,
        hint: "Name a file that may be read and written.",
        cause,
      });
  }
  return {
    value: text === null ? NO_CURSOR : parseCursor(text, path),
    move: (to) => writeWhole(path, writeCursor(to)),
  };
}
