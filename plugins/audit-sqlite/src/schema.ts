import type { Database } from "better-sqlite3";
import { storeError } from "./store-error.ts";

/** `floe` in ASCII: tells a ledger from any other database. */
const APPLICATION_ID = 0x666c6f65;

/** One list of statements for each version of the schema, oldest first. What was released never changes. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE chain (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, pruned INTEGER NOT NULL DEFAULT 0) STRICT",
    // The bodies stand in a table with row ids: without them, every lookup would carry them along.
    "CREATE TABLE event (id INTEGER PRIMARY KEY, chain INTEGER NOT NULL REFERENCES chain (id), seq INTEGER NOT NULL CHECK (seq >= 0), bytes BLOB NOT NULL, stored_at INTEGER NOT NULL, UNIQUE (chain, seq)) STRICT",
    // They stop mistakes and scripts, and no owner of the file: that is what signatures and checkpoints are for.
    "CREATE TRIGGER event_is_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events never change'); END",
    "CREATE TRIGGER event_stays BEFORE DELETE ON event WHEN OLD.seq >= (SELECT pruned FROM chain WHERE id = OLD.chain) BEGIN SELECT RAISE(ABORT, 'events are removed by pruning only'); END",
    "CREATE TRIGGER pruned_grows BEFORE UPDATE ON chain WHEN NEW.pruned < OLD.pruned OR NEW.name <> OLD.name BEGIN SELECT RAISE(ABORT, 'chains never change'); END",
  ],
  [
    "CREATE TABLE label (chain INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (chain, name, seq)) STRICT, WITHOUT ROWID",
    // Of events that are there already nobody has said what they are about: the empty name is found by whoever looks for any.
    "INSERT INTO label SELECT chain, '', seq FROM event",
    "CREATE TRIGGER label_is_kept BEFORE UPDATE ON label BEGIN SELECT RAISE(ABORT, 'events never change'); END",
    "CREATE TRIGGER label_stays BEFORE DELETE ON label WHEN OLD.seq >= (SELECT pruned FROM chain WHERE id = OLD.chain) BEGIN SELECT RAISE(ABORT, 'events are removed by pruning only'); END",
  ],
];

/** The version from which on there is an index of labels. */
export const LABELS_SINCE = 2;

/** The version that this plugin writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * The version of the schema that a database has; `0`: none yet.
 * @throws {AuditBackendError} unavailable - made by a newer plugin; refused - a database of something else
 */
export function schemaVersion(db: Database, path: string): number {
  const version = Number(db.pragma("user_version", { simple: true }));
  const application = Number(db.pragma("application_id", { simple: true }));
  const objects = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number;
  if (application !== APPLICATION_ID && (objects > 0 || version > 0 || application !== 0))
    throw storeError("refused", `${path} is a database of something else`, {
      hint: "Name another file in audit.database_url or audit.with.path.",
    });
  if (version > SCHEMA_VERSION)
    throw storeError(
      "unavailable",
      `${path} has version ${version} of the schema, and this plugin knows versions up to ${SCHEMA_VERSION}`,
      { hint: "Update floe: a newer version is in use for this ledger." },
    );
  return version;
}

/** Brings a database to the newest schema. Has to be called while nobody else can write. */
export function migrate(db: Database, path: string): void {
  for (let version = schemaVersion(db, path); version < SCHEMA_VERSION; version += 1) {
    for (const statement of MIGRATIONS[version] ?? []) db.exec(statement);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${version + 1}`);
  }
}

/** What of the schema is missing, changed or added by somebody else. */
export function schemaProblems(db: Database): string[] {
  const rows = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    .all() as { name: string; sql: string }[];
  const expected = new Map(
    MIGRATIONS.flat().flatMap((sql) => {
      const name = /^CREATE \w+ (\w+)/.exec(sql)?.[1];
      return name === undefined ? [] : [[name, sql] as const];
    }),
  );
  const found = new Map(rows.map(({ name, sql }) => [name, sql]));
  return [
    ...[...expected].flatMap(([name, sql]) =>
      found.get(name) === sql ? [] : [`${name} is ${found.has(name) ? "changed" : "missing"}`],
    ),
    ...[...found.keys()]
      .filter((name) => !expected.has(name))
      .map((name) => `${name} is not floe's`),
  ];
}
