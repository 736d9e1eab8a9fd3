import { z } from "zod";
import { FloeError } from "../../errors/index.ts";
import { type Digest, isDigest } from "../../model/digest.ts";

const Position = z.object({
  /** The last slot that was told. */
  seq: z.int().min(0),
  /** Leaf hashes of what was told in the last slots, which may get others beside them where writers are not serialised. */
  hashes: z.array(z.custom<Digest>(isDigest)).min(1).max(4096),
});

const Cursor = z.object({ version: z.literal(1), positions: z.record(z.string(), Position) });

/** How far the events of several ledgers were told, by the ledger's name. */
export type ExportCursor = z.infer<typeof Cursor>;

/** Where an export begins that was never made before. */
export const NO_CURSOR: ExportCursor = { version: 1, positions: {} };

/** How many slots back events may still turn up on a store that does not serialise writers. */
export const LATE_SLOTS = 64;

/**
 * Reads a cursor that an export has left.
 * @throws {FloeError} FLOE_USAGE_INVALID - it is none
 */
export function parseCursor(text: string, where: string): ExportCursor {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const parsed = Cursor.safeParse(value, { jitless: true });
  if (parsed.success) return parsed.data;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${where} is not a cursor of floe audit export`,
    hint: "Name a file that an export has left, or one that is not there yet to begin anew.",
  });
}

/** Writes a cursor. */
export function writeCursor(cursor: ExportCursor): string {
  return `${JSON.stringify(cursor)}\n`;
}
