import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { FloeError } from "@floe/core/errors";
import { invalidStore, isAbsent } from "./store-error.ts";

/** The lock's name in the layout's folder. It stays empty; only the kernel's lock on it counts. */
export const LOCK_FILE = ".floe-lock";

const SHORTEST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 60;
const SQLITE = { busy: 5, notADatabase: 26 } as const;

/** Options of {@link withLayoutLock}. */
export interface LockOptions {
  readonly signal: AbortSignal;
  /** How long to wait for other processes before FLOE_STORE_BUSY. */
  readonly timeoutMs: number;
  /** 0 ≤ x < 1, for the jitter. */
  readonly random: () => number;
}

// SQLite's lock tells processes apart, and connections too, but waiting in line is kinder than polling against oneself.
const lines = new Map<string, Promise<void>>();

/**
 * Runs `body` while no other writer of the layout runs, neither in this process nor in another one.
 *
 * The lock is SQLite's exclusive lock on an empty database file: a kernel lock, gone with the process that held it,
 * so it is never stale and nobody has to judge whether a lock's owner still lives. Nothing is ever written to the file.
 * Closing any other descriptor of that file in this process would drop the lock (POSIX), so nothing else opens it.
 *
 * @param root - the layout's folder, absolute and without symbolic links
 * @throws {FloeError} FLOE_STORE_BUSY - another process held the lock for `timeoutMs`
 * @throws {FloeError} FLOE_STORE_INVALID - the lock file is something else
 * @throws {FloeError} FLOE_STORE_IO - the lock file cannot be made or locked
 */
export async function withLayoutLock<Result>(
  root: string,
  options: LockOptions,
  body: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + options.timeoutMs;
  const leave = await standInLine(root, options.signal);
  try {
    const database = await acquire(join(root, LOCK_FILE), deadline, options);
    try {
      return await body();
    } finally {
      // Closing rolls back, and the transaction held nothing but the lock.
      database.close();
    }
  } finally {
    leave();
  }
}

async function standInLine(root: string, signal: AbortSignal): Promise<() => void> {
  signal.throwIfAborted();
  const before = lines.get(root) ?? Promise.resolve();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const mine = before.then(() => left);
  lines.set(root, mine);
  void mine.then(() => {
    if (lines.get(root) === mine) lines.delete(root);
  });
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const onAbort = () => abort();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([before, aborted]);
  signal.removeEventListener("abort", onAbort);
  if (signal.aborted) leave();
  signal.throwIfAborted();
  return leave;
}

async function acquire(
  path: string,
  deadline: number,
  { signal, timeoutMs, random }: LockOptions,
): Promise<DatabaseSync> {
  await refuseOtherThanFile(path);
  let waitMs = SHORTEST_WAIT_MS;
  for (;;) {
    signal.throwIfAborted();
    const database = tryAcquire(path);
    if (database !== null) return database;
    if (performance.now() >= deadline) {
      throw new FloeError({
        code: "FLOE_STORE_BUSY",
        message: `another process held the lock ${path} for ${Math.round(timeoutMs / 1000)} seconds`,
        hint: "Wait until it has finished, then run the command again. The lock is never stale: its owner is alive.",
      });
    }
    // Full jitter, so that processes that met once do not meet again.
    await sleep(SHORTEST_WAIT_MS + random() * waitMs, undefined, { signal }).catch(() => {});
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

function tryAcquire(path: string): DatabaseSync | null {
  const sqlite = process.getBuiltinModule("node:sqlite");
  let database: DatabaseSync | undefined;
  try {
    database = new sqlite.DatabaseSync(path, { timeout: 0 });
    // A journal in memory: otherwise taking the lock would create and remove a file on the disk each time.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    const code = sqliteCode(error);
    if (code === SQLITE.busy) return null;
    if (code === SQLITE.notADatabase) throw notALock(path, error);
    throw new FloeError({
      code: "FLOE_STORE_IO",
      message: `the lock ${path} cannot be taken: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Writing to a registry folder needs permission to create files in it.",
      cause: error,
    });
  }
}

/** SQLite's primary result code, or `null` for an error that is not SQLite's. */
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

async function refuseOtherThanFile(path: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > 0) throw notALock(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

function notALock(path: string, cause?: unknown): FloeError {
  return invalidStore(
    `${path} is not floe's lock file`,
    "The lock is an empty file; remove this one while no floe is running.",
    cause,
  );
}
