import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { FloeError } from "@floe/core/errors";

/** What was written. */
export interface WrittenLines {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the file. */
  readonly digest: string;
}

/** Lines are gathered to so many characters before they are written. */
const ENOUGH = 1024 * 1024;

/**
 * Writes lines to a file, which is the old one or the new one whole, as `writeWhole` does; together they may be longer than a text
 * can be.
 * @throws {FloeError} FLOE_OUTPUT_FAILED - it cannot be written
 */
export async function writeLines(path: string, lines: readonly string[]): Promise<WrittenLines> {
  const unfinished = `${path}.${process.pid}.tmp`;
  const hash = createHash("sha256");
  let size = 0;
  try {
    const file = await open(unfinished, "w");
    try {
      let gathered: string[] = [];
      let length = 0;
      const flush = async (): Promise<void> => {
        const bytes = Buffer.from(gathered.map((line) => `${line}\n`).join(""));
        hash.update(bytes);
        size += bytes.byteLength;
        await file.writeFile(bytes);
        gathered = [];
        length = 0;
      };
      for (const line of lines) {
        gathered.push(line);
        length += line.length;
        if (length >= ENOUGH) await flush();
      }
      await flush();
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new FloeError({
      code: "FLOE_OUTPUT_FAILED",
      message: `${path} cannot be written (${code})`,
      hint: "Name a file in a folder that is there and may be written to.",
      cause,
    });
  }
  return { size, digest: `sha256:${hash.digest("hex")}` };
}
