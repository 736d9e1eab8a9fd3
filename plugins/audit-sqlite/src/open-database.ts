import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Database } from "better-sqlite3";
import { loadDriver } from "./load-driver.ts";
import { asStoreError, isBusy, storeError } from "./store-error.ts";

/** How long SQLite itself waits for a lock, in milliseconds; it holds up the whole process meanwhile. */
const LOCK_WAIT_MS = 25;

/** File systems on which SQLite's locks or shared memory do not work between machines, by their number in statfs(2). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"],
  [0x0bd00bd0, "Lustre"],
]);

/** The name of a network file system; `null` for any other. */
export function networkFileSystem(type: number): string | null {
  return NETWORK_FILE_SYSTEMS.get(type) ?? null;
}

/**
 * Opens the database file. With `create` it is made, in a folder that is made, readable by nobody else; without, `null` when
 * there is none. A file that may not be written is opened for reading.
 * @throws {AuditBackendError} with what is in the way
 * @throws {Error} SQLITE_BUSY - somebody holds the file; it is worth trying again
 */
export async function openDatabase(path: string, create: boolean): Promise<Database | null> {
  if (!create && !exists(path)) return null;
  const Driver = await loadDriver();
  try {
    if (create) makeFile(path);
    refuseNetwork(path);
    return configure(new Driver(path, { fileMustExist: true, timeout: LOCK_WAIT_MS }));
  } catch (cause) {
    // Another process that opens the new file at the same moment holds it for an instant: the caller tries again.
    if (isBusy(cause)) throw cause;
    const error = asStoreError(cause, path);
    if (create || (error.failure !== "denied" && !isCantOpen(cause))) throw error;
    try {
      return new Driver(path, { fileMustExist: true, readonly: true, timeout: LOCK_WAIT_MS });
    } catch {
      throw error;
    }
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isCantOpen(cause: unknown): boolean {
  return String((cause as { code?: unknown }).code).startsWith("SQLITE_CANTOPEN");
}

// SQLite gives the files beside the database the rights of the database itself, so it must not be SQLite that makes it.
function makeFile(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (cause) {
    if ((cause as { code?: unknown }).code === "EEXIST") return;
    throw cause;
  }
  const entry = openSync(folder, "r");
  try {
    fsyncSync(entry);
  } finally {
    closeSync(entry);
  }
}

function refuseNetwork(path: string): void {
  const name = networkFileSystem(statfsSync(dirname(realpathSync(path))).type);
  if (name !== null)
    throw storeError(
      "refused",
      `${path} is on ${name}, where SQLite cannot keep several writers apart`,
      {
        hint: "Use a local disk, or audit.backend: s3 or a postgres:// database_url where several machines promote.",
      },
    );
}

// The driver was built to lose the newest commits when the power fails (synchronous=NORMAL in WAL mode), and goes back to
// that with the first statement; so it is set after the mode, read back after a read, and refused if it is not there.
function configure(db: Database): Database {
  try {
    const mode = db.pragma("journal_mode = WAL", { simple: true });
    if (mode !== "wal") throw storeError("unavailable", `its journal is ${String(mode)}, not WAL`);
    db.pragma("synchronous = FULL");
    if (process.platform === "darwin") db.pragma("fullfsync = ON");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    const synchronous = db.pragma("synchronous", { simple: true });
    if (synchronous !== 2)
      throw storeError(
        "unavailable",
        `SQLite does not write through (synchronous = ${String(synchronous)})`,
      );
    db.pragma("foreign_keys = ON");
    db.pragma("trusted_schema = OFF");
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}
