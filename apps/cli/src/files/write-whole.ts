import { open, rename, rm } from "node:fs/promises";
import { FloeError } from "@floe/core/errors";

/**
 * Writes a file so that whoever reads it meanwhile, or after a crash, sees the old one or the new one.
 * @param content - in pieces, where it may be longer than a text can be
 * @throws {FloeError} FLOE_OUTPUT_FAILED - it cannot be written
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(unfinished, "w");
    try {
      await file.writeFile(content);
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
}
