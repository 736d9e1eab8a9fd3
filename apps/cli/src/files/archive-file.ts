import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { PruneArchive } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { writeLines } from "./write-lines.ts";

/**
 * A file for what is removed from ledgers. One that is there is never written over.
 * @throws {FloeError} FLOE_OUTPUT_FAILED - from `write`: it is there already, or cannot be written
 */
export function archiveFile(path: string): PruneArchive {
  return {
    async write(lines) {
      await reserve(path);
      try {
        await writeLines(path, lines);
      } catch (cause) {
        await rm(path, { force: true });
        throw cause;
      }
    },
    read: () => createReadStream(path),
  };
}

// Whoever comes second finds the file of the first.
async function reserve(path: string): Promise<void> {
  try {
    await (await open(path, "wx")).close();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const there = code === "EEXIST";
    throw new FloeError({
      code: "FLOE_OUTPUT_FAILED",
      message: there ? `${path} is there already` : `${path} cannot be written (${code})`,
      hint: there
        ? "An archive is never written over: name another file."
        : "Name a file in a folder that is there and may be written to.",
      cause,
    });
  }
}
