import type { ClientBase } from "pg";
import { storeError } from "./store-error.ts";

/** One list of statements for each version of the schema, oldest first. What was released never changes. */
const MIGRATIONS: readonly ((schema: string) => readonly string[])[] = [
  (schema) => [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE ${schema}.schema_version (
  version integer PRIMARY KEY,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`,
    `CREATE TABLE ${schema}.event (
  chain text COLLATE "C" NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0),
  bytes bytea NOT NULL CHECK (octet_length(bytes) <= 1048576),
  stored_at timestamptz NOT NULL,
  PRIMARY KEY (chain, seq)
)`,
    `CREATE TABLE ${schema}.pruning (
  chain text COLLATE "C" PRIMARY KEY,
  before_seq bigint NOT NULL CHECK (before_seq > 0)
)`,
    `CREATE FUNCTION ${schema}.admit_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$${admitEvent(schema)}$$`,
    `CREATE FUNCTION ${schema}.keep_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$${keepEvent(schema)}$$`,
    `CREATE FUNCTION ${schema}.keep_pruning() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$${KEEP_PRUNING}$$`,
    `CREATE TRIGGER admit_event BEFORE INSERT ON ${schema}.event FOR EACH ROW EXECUTE FUNCTION ${schema}.admit_event()`,
    `CREATE TRIGGER keep_event BEFORE UPDATE OR DELETE ON ${schema}.event FOR EACH ROW EXECUTE FUNCTION ${schema}.keep_event()`,
    `CREATE TRIGGER keep_events BEFORE TRUNCATE ON ${schema}.event FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.keep_event()`,
    `CREATE TRIGGER keep_pruning BEFORE UPDATE OR DELETE ON ${schema}.pruning FOR EACH ROW EXECUTE FUNCTION ${schema}.keep_pruning()`,
  ],
];

/** The version that this plugin writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * The body of the trigger that lets events in: on the disk before they are acknowledged, whatever the session says; with the time
 * of the server; and without a gap. One statement looks at all slots, so that what others add meanwhile is not seen by halves.
 */
export function admitEvent(schema: string): string {
  return `
DECLARE
  here boolean; earlier boolean; later boolean; pruned boolean;
BEGIN
  IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  SELECT EXISTS (SELECT FROM ${schema}.event WHERE chain = NEW.chain AND seq = NEW.seq),
         EXISTS (SELECT FROM ${schema}.event WHERE chain = NEW.chain AND seq = NEW.seq - 1),
         EXISTS (SELECT FROM ${schema}.event WHERE chain = NEW.chain AND seq > NEW.seq),
         EXISTS (SELECT FROM ${schema}.pruning WHERE chain = NEW.chain AND before_seq > NEW.seq)
    INTO here, earlier, later, pruned;
  IF NOT here THEN
    IF pruned THEN RAISE EXCEPTION 'slot % was pruned', NEW.seq USING ERRCODE = 'FL003'; END IF;
    IF later THEN RAISE EXCEPTION 'slot % was written once, and is gone', NEW.seq USING ERRCODE = 'FL002'; END IF;
    IF NEW.seq > 0 AND NOT earlier THEN
      RAISE EXCEPTION 'slot % cannot be written: slot % is empty', NEW.seq, NEW.seq - 1 USING ERRCODE = 'FL001';
    END IF;
  END IF;
  NEW.stored_at := clock_timestamp();
  RETURN NEW;
END
`;
}

/** The body of the trigger that stops mistakes and scripts, and no owner of the table: that is what signatures and checkpoints are for. */
export function keepEvent(schema: string): string {
  return `
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF EXISTS (SELECT FROM ${schema}.pruning WHERE chain = OLD.chain AND before_seq > OLD.seq) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'events are removed by pruning only' USING ERRCODE = 'FL004';
  END IF;
  RAISE EXCEPTION 'events never change' USING ERRCODE = 'FL004';
END
`;
}

/** The body of the trigger that keeps what was pruned from being forgotten. */
export const KEEP_PRUNING = `
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.chain = OLD.chain AND NEW.before_seq >= OLD.before_seq THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'what was pruned stays pruned' USING ERRCODE = 'FL004';
END
`;

/**
 * The version of the schema that a database has; `0`: none yet.
 * @throws {AuditBackendError} unavailable - made by a newer plugin; refused - a schema of something else
 */
export async function schemaVersion(
  client: ClientBase,
  schema: string,
  location: string,
): Promise<number> {
  const { rows } = await client.query<{ versioned: boolean; others: boolean }>(
    "SELECT to_regclass($1 || '.schema_version') IS NOT NULL AS versioned, EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace($1)) AS others",
    [schema],
  );
  if (rows[0]?.versioned !== true) {
    if (rows[0]?.others !== true) return 0;
    throw storeError("refused", `${location}: the schema ${schema} is of something else`, {
      hint: "Name another one in audit.with.schema.",
    });
  }
  const found = await client.query<{ version: number }>(
    `SELECT coalesce(max(version), 0) AS version FROM ${schema}.schema_version`,
  );
  const version = found.rows[0]?.version ?? 0;
  if (version > SCHEMA_VERSION)
    throw storeError(
      "unavailable",
      `${location}: has version ${version} of the schema, and this plugin knows versions up to ${SCHEMA_VERSION}`,
      { hint: "Update floe: a newer version is in use for this ledger." },
    );
  return version;
}

/** Brings a database to the newest schema, whole or not at all; of several who try at once the others wait. */
export async function migrate(client: ClientBase, schema: string, location: string): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock(hashtextextended('floe schema ' || $1, 0))", [
      schema,
    ]);
    for (
      let version = await schemaVersion(client, schema, location);
      version < SCHEMA_VERSION;
      version += 1
    ) {
      for (const statement of MIGRATIONS[version]?.(schema) ?? []) await client.query(statement);
      await client.query(`INSERT INTO ${schema}.schema_version (version) VALUES ($1)`, [
        version + 1,
      ]);
    }
    await client.query("COMMIT");
  } catch (cause) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw cause;
  }
}
