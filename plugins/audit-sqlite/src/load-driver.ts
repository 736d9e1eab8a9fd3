import type Database from "better-sqlite3";
import { storeError } from "./store-error.ts";

/** The oldest Node.js that the driver's binary runs on. */
const OLDEST_NODE = 22;

/**
 * Imports better-sqlite3 when it is first needed. Its binary crashes an older Node.js without a word, so the version is
 * looked at before.
 * @param nodeVersion - such as `24.21.0`
 * @throws {AuditBackendError} unavailable - Node.js is too old, or the binary does not fit this machine
 */
export async function loadDriver(
  nodeVersion: string = process.versions.node,
): Promise<typeof Database> {
  if (!(Number(nodeVersion.split(".")[0]) >= OLDEST_NODE))
    throw storeError(
      "unavailable",
      `SQLite needs Node.js ${OLDEST_NODE} or newer, and this is ${nodeVersion}`,
      {
        hint: "Use a newer Node.js.",
      },
    );
  try {
    return (await import("better-sqlite3")).default;
  } catch (cause) {
    throw storeError("unavailable", "better-sqlite3 could not be loaded on this machine", {
      hint: "Reinstall it: floe plugins install @floe/plugin-audit-sqlite",
      cause,
    });
  }
}
