import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "@floe/core";
import { FloeError } from "@floe/core/errors";

/**
 * Makes a logger that also writes what the command of each gate prints to `FOLDER/GATE.log`, as it comes and masked. A file of
 * an earlier run is replaced.
 * @throws {FloeError} FLOE_USAGE_INVALID - the folder cannot be made, or a file not be written
 */
export function logGates(folder: string, logger: Logger): Logger {
  const begun = new Set<string>();
  writing(folder, () => mkdirSync(folder, { recursive: true }));
  return {
    ...logger,
    gateOutput(gate, text) {
      const path = join(folder, `${gate}.log`);
      writing(path, () => {
        if (begun.has(gate)) return appendFileSync(path, text);
        begun.add(gate);
        // What others may not read in the terminal they may not read here.
        return writeFileSync(path, text, { mode: 0o600 });
      });
    },
  };
}

function writing(path: string, act: () => unknown): void {
  try {
    act();
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${path} cannot be written: ${cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)}`,
      hint: "Give --gate-logs a folder that you may write to.",
      cause,
    });
  }
}
