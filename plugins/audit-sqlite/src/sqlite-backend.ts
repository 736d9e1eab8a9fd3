import { statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  AuditBackend,
  AuditClaim,
  AuditEntry,
  AuditFinding,
  AuditHead,
} from "@floe/core/plugin";
import type { Database } from "better-sqlite3";
import type { SqliteConfig } from "./config.ts";
import { openDatabase } from "./open-database.ts";
import { QUERIES } from "./queries.ts";
import { LABELS_SINCE, migrate, SCHEMA_VERSION, schemaProblems, schemaVersion } from "./schema.ts";
import { asStoreError, isBusy, storeError } from "./store-error.ts";

const MAX_EVENT_BYTES = 1024 * 1024;
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 200;

/** Events that are read at a time: whoever reads slowly keeps nothing open. */
const PAGE = 256;

/** Pauses between attempts when somebody else is writing, in milliseconds; each attempt waits a little by itself. */
const BUSY_PAUSE_MS = 10;

interface ChainRow {
  readonly id: number;
  readonly pruned: number;
}

interface EventRow {
  readonly seq: number;
  readonly bytes: Buffer;
  readonly stored_at: number;
}

/**
 * The ledger in one SQLite file, in WAL mode and written through to the disk with every event. For the processes of one
 * machine. The file is made with the first event; reading makes none.
 */
export function createSqliteBackend(config: SqliteConfig, baseDir: string): AuditBackend {
  const path = isAbsolute(config.path) ? config.path : resolve(baseDir, config.path);
  let opened: Promise<Database | null> | null = null;
  let closed = false;

  async function database(create: boolean): Promise<Database | null> {
    if (closed) throw storeError("refused", "the backend was closed");
    opened ??= openDatabase(path, create);
    const opening = opened;
    const db = await opening.catch((cause: unknown) => {
      if (opened === opening) opened = null;
      throw cause;
    });
    if (db !== null) return db;
    if (opened === opening) opened = null;
    return create ? await database(true) : null;
  }

  // Everything is one short, synchronous use of the file. While somebody else writes, it is tried again until the deadline:
  // nothing was stored by then.
  async function use<Result>(
    signal: AbortSignal,
    how: "create" | "write" | "read",
    none: Result,
    work: (db: Database) => Result,
  ): Promise<Result> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const db = await database(how === "create");
        signal.throwIfAborted();
        if (db === null) return none;
        // What an older version has written can be read as it is.
        const begun = schemaVersion(db, path) > 0;
        if (how === "create" || (begun && how === "write")) upgrade(db);
        return begun || how === "create" ? work(db) : none;
      } catch (cause) {
        if (!isBusy(cause)) {
          signal.throwIfAborted();
          throw asStoreError(cause, path);
        }
      }
      await sleep(BUSY_PAUSE_MS * (1 + Math.random()), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  function upgrade(db: Database): void {
    if (schemaVersion(db, path) < SCHEMA_VERSION) inTransaction(db, () => migrate(db, path));
  }

  return {
    location: `sqlite:${shown(path, baseDir)}`,
    capabilities: () => ({
      serialises: "strong",
      durable: "fsync",
      worm: "none",
      scope: "machine",
      maxEventBytes: MAX_EVENT_BYTES,
    }),

    async claim(chain, seq, bytes, { signal, labels }): Promise<AuditClaim> {
      if (!Number.isSafeInteger(seq) || seq < 0) throw storeError("refused", `${seq} is no slot`);
      if (bytes.byteLength > MAX_EVENT_BYTES)
        throw storeError(
          "refused",
          `an event has at most ${MAX_EVENT_BYTES} bytes, not ${bytes.byteLength}`,
        );
      if (labels && !areLabels(labels))
        throw storeError(
          "refused",
          `an event has at most ${MAX_LABELS} labels of 1 to ${MAX_LABEL_LENGTH} characters`,
        );
      // A file that is gone is not made anew by whoever goes on with a ledger.
      const gap = (): never => {
        throw storeError(
          "refused",
          `slot ${seq} of ${chain} cannot be written: slot ${seq - 1} is empty`,
        );
      };
      return await use<AuditClaim | null>(signal, seq === 0 ? "create" : "write", null, (db) =>
        inTransaction(db, () => claimSlot(db, chain, seq, bytes, labels)),
      ).then((claim) => claim ?? gap());
    },

    head: (chain, { signal, counted = true }) =>
      use<AuditHead | null>(signal, "read", null, (db) =>
        atOneMoment(db, () => {
          const row = chainOf(db, chain);
          const last = row && lastEvent(db, row);
          if (!row || !last) return null;
          // Counting takes as long as there are events.
          if (!counted) return { seq: last.seq, entries: [entryOf(last)], count: last.seq + 1 };
          const count = db
            .prepare("SELECT count(*) FROM event WHERE chain = ?")
            .pluck()
            .get(row.id);
          return { seq: last.seq, entries: [entryOf(last)], count: row.pruned + Number(count) };
        }),
      ),

    async *read(chain, from, to, { signal }): AsyncGenerator<AuditEntry> {
      const last = to ?? Number.MAX_SAFE_INTEGER;
      let next = Math.max(0, from);
      for (;;) {
        const start = next;
        const page = await use<EventRow[]>(signal, "read", [], (db) =>
          atOneMoment(db, () => {
            const row = chainOf(db, chain);
            if (!row) return [];
            next = Math.max(next, row.pruned);
            return db.prepare(QUERIES.page).all(row.id, start, last, PAGE) as EventRow[];
          }),
        );
        for (const row of page) {
          if (row.seq !== next)
            throw storeError("corrupt", `slot ${next} of ${chain} is missing in ${path}`, {
              hint: "Somebody removed it. Restore the file from a copy.",
            });
          next += 1;
          yield entryOf(row);
        }
        if (page.length < PAGE) return;
      }
    },

    find: (chain, label, { signal }) =>
      use<readonly number[] | null>(signal, "read", [], (db) =>
        atOneMoment(db, () => {
          const row = chainOf(db, chain);
          if (!row) return [];
          if (schemaVersion(db, path) < LABELS_SINCE) return null;
          const query = db.prepare(QUERIES.labelled).pluck();
          const found = [label, ""].flatMap((name) => query.all(row.id, name) as number[]);
          return found.sort((a, b) => b - a);
        }),
      ),

    async *chains({ signal }): AsyncGenerator<string> {
      yield* await use<string[]>(
        signal,
        "read",
        [],
        (db) => db.prepare("SELECT name FROM chain ORDER BY name").pluck().all() as string[],
      );
    },

    async *verifyStore(_chain, { signal }): AsyncGenerator<AuditFinding> {
      yield* await use<AuditFinding[]>(signal, "read", [], (db) => findings(db, path));
    },

    prune: (chain, upTo, { signal }) =>
      use<void>(signal, "write", undefined, (db) =>
        inTransaction(db, () => {
          const row = chainOf(db, chain);
          const last = row && lastEvent(db, row);
          if (!row || !last || upTo >= last.seq)
            throw storeError("refused", `the last event of ${chain} stays, so ${upTo} is too far`);
          db.prepare("UPDATE chain SET pruned = max(pruned, ?) WHERE id = ?").run(upTo + 1, row.id);
          db.prepare("DELETE FROM label WHERE chain = ? AND seq <= ?").run(row.id, upTo);
          db.prepare("DELETE FROM event WHERE chain = ? AND seq <= ?").run(row.id, upTo);
        }),
      ),

    async [Symbol.asyncDispose]() {
      closed = true;
      const db = await opened?.catch(() => null);
      db?.close();
      opened = null;
    },
  };
}

function inTransaction<Result>(db: Database, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  let result: Result;
  try {
    result = work();
  } catch (cause) {
    rollBack(db);
    throw cause;
  }
  try {
    db.exec("COMMIT");
  } catch (cause) {
    rollBack(db);
    // Somebody else was in the way, or there was no room: then nothing was stored. Any other failure of a write leaves open
    // how far it came.
    if (
      isBusy(cause) ||
      /^SQLITE_(?:FULL|READONLY)/.test(String((cause as { code?: unknown }).code))
    )
      throw cause;
    throw storeError(
      "unavailable",
      `whether the last write was stored is not known: ${(cause as Error).message}`,
      {
        indeterminate: true,
        cause,
      },
    );
  }
  return result;
}

// Several statements by themselves would each see what others have written meanwhile: a newest event, and one more in the count.
function atOneMoment<Result>(db: Database, work: () => Result): Result {
  db.exec("BEGIN");
  try {
    return work();
  } finally {
    rollBack(db);
  }
}

function rollBack(db: Database): void {
  // SQLite has rolled back by itself after some errors.
  if (db.inTransaction) db.exec("ROLLBACK");
}

function areLabels(labels: readonly string[]): boolean {
  return (
    labels.length <= MAX_LABELS &&
    labels.every((label) => label !== "" && label.length <= MAX_LABEL_LENGTH)
  );
}

function claimSlot(
  db: Database,
  chain: string,
  seq: number,
  bytes: Uint8Array,
  labels: readonly string[] = [""],
): AuditClaim {
  db.prepare("INSERT INTO chain (name) VALUES (?) ON CONFLICT (name) DO NOTHING").run(chain);
  const row = chainOf(db, chain) as ChainRow;
  const there = db.prepare(QUERIES.slot).get(row.id, seq) as EventRow | undefined;
  if (there) {
    const same = Buffer.compare(there.bytes, bytes) === 0;
    return same
      ? { status: "claimed", alreadyMine: true, storedAt: new Date(there.stored_at) }
      : { status: "taken", bytes: there.bytes };
  }
  const next = (lastEvent(db, row)?.seq ?? row.pruned - 1) + 1;
  if (seq > next)
    throw storeError("refused", `slot ${seq} of ${chain} cannot be written: slot ${next} is empty`);
  if (seq < row.pruned) throw storeError("refused", `slot ${seq} of ${chain} was pruned`);
  if (seq < next)
    throw storeError("corrupt", `slot ${seq} of ${chain} was written once, and is gone`);
  const stored = db
    .prepare(
      "INSERT INTO event (chain, seq, bytes, stored_at) VALUES (?, ?, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER)) RETURNING stored_at",
    )
    .pluck()
    .get(row.id, seq, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as number;
  const name = db.prepare("INSERT OR IGNORE INTO label (chain, name, seq) VALUES (?, ?, ?)");
  for (const label of new Set(labels)) name.run(row.id, label, seq);
  return { status: "claimed", alreadyMine: false, storedAt: new Date(stored) };
}

function chainOf(db: Database, name: string): ChainRow | undefined {
  return db.prepare(QUERIES.chain).get(name) as ChainRow | undefined;
}

function lastEvent(db: Database, { id }: ChainRow): EventRow | undefined {
  return db.prepare(QUERIES.newest).get(id) as EventRow | undefined;
}

function entryOf({ seq, bytes, stored_at: storedAt }: EventRow): AuditEntry {
  return { seq, bytes: new Uint8Array(bytes), storedAt: new Date(storedAt) };
}

function findings(db: Database, path: string): AuditFinding[] {
  const damage = db.pragma("quick_check(10)") as { quick_check: string }[];
  const readers = statSync(path).mode & 0o077;
  return [
    ...damage
      .filter(({ quick_check: text }) => text !== "ok")
      .map(({ quick_check: text }) => ({
        code: "damaged",
        message: `${path}: ${text}`,
        tampering: true,
      })),
    ...schemaProblems(db).map((problem) => ({
      code: "schema_changed",
      message: `${path}: ${problem}`,
      tampering: true,
    })),
    ...(readers === 0
      ? []
      : [
          {
            code: "open_to_others",
            message: `${path} can be used by others; chmod 600 it`,
            tampering: false,
          },
        ]),
  ];
}

// As the manifest would say it: the same for everybody who has a copy of the project.
function shown(path: string, baseDir: string): string {
  const inside = relative(baseDir, path);
  return inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? path : inside;
}
