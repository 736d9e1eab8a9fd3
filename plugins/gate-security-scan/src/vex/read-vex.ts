import { cleanText, decodeText, parseJson } from "@floe/gate-kit";
import type { NamedFile } from "../read-files.ts";
import { isCycloneDx } from "../readers/read-cyclonedx.ts";
import { isCsaf, readCsaf } from "./read-csaf.ts";
import { readCycloneDxVex } from "./read-cyclonedx-vex.ts";
import { isOpenVex, readOpenVex } from "./read-openvex.ts";
import type { VexStatement } from "./vex-statement.ts";

const readers = [
  { matches: isOpenVex, read: readOpenVex },
  { matches: isCsaf, read: readCsaf },
  { matches: isCycloneDx, read: readCycloneDxVex },
] as const;

/**
 * Reads a VEX document: OpenVEX, CSAF or CycloneDX, known by its structure.
 *
 * @throws {Error} naming the file, when it is none of them.
 */
export function readVex({ path, bytes }: NamedFile): VexStatement[] {
  try {
    const value = parseJson(path, decodeText(path, bytes, { fatal: true }));
    const reader = readers.find(({ matches }) => matches(value));
    if (!reader) throw new Error("it is neither OpenVEX, nor CSAF, nor CycloneDX");
    return reader.read(value, path);
  } catch (cause) {
    throw new Error(
      `vex: cannot use ${cleanText(path)}: ${cause instanceof Error ? cleanText(cause.message, 600) : "it is damaged"}`,
    );
  }
}
