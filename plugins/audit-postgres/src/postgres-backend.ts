import type {
  AuditBackend,
  AuditClaim,
  AuditEntry,
  AuditHead,
  AuditOpenOptions,
} from "@floe/core/plugin";
import type { ClientBase } from "pg";
import type { PostgresConfig } from "./config.ts";
import { createConnections } from "./connections.ts";
import { findings } from "./findings.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { locationOf, parseServerUrl, type ServerAddress } from "./server-url.ts";
import { asStoreError, isUndone, storeError } from "./store-error.ts";

const MAX_EVENT_BYTES = 1024 * 1024;

/** Events that are read at a time: whoever reads slowly holds no connection. */
const PAGE = 256;

interface EventRow {
  readonly seq: number;
  /** `null`: larger than an event can be. */
  readonly bytes: Buffer | null;
  /** Milliseconds since 1970, by the server's clock. */
  readonly stored_at: number;
}

const COLUMNS = `seq::float8 AS seq, CASE WHEN octet_length(bytes) <= ${MAX_EVENT_BYTES} THEN bytes END AS bytes, (extract(epoch FROM stored_at) * 1000)::float8 AS stored_at`;

/**
 * The ledger in a PostgreSQL database, for all machines that reach it. Nothing is connected to before the first call, and the tables
 * are made with the first event where the role may make them.
 * @throws {AuditBackendError} refused - what `url_ref` names is no URL of a database
 */
export async function createPostgresBackend(
  config: PostgresConfig,
  { readSecret }: Pick<AuditOpenOptions, "readSecret">,
): Promise<AuditBackend> {
  const { schema, passwordRef, caRef } = config;
  const server = await readAddress(config, readSecret);
  const location = locationOf(server, schema);
  const password =
    passwordRef === null ? server.password : (await readSecret(passwordRef)).trimEnd();
  const ca = caRef === null ? null : await readSecret(caRef);
  const connections = createConnections({ server, password, ca, location });
  const event = `${schema}.event`;
  const pruning = `${schema}.pruning`;
  let ready = false;

  async function isReady(client: ClientBase): Promise<boolean> {
    ready ||= (await schemaVersion(client, schema, location)) === SCHEMA_VERSION;
    return ready;
  }

  /** Uses the tables; `none` is the answer while there are none. */
  async function use<Result>(
    signal: AbortSignal,
    none: Result,
    work: (client: ClientBase) => Promise<Result>,
  ): Promise<Result> {
    return await connections.use(signal, async (client) =>
      (await isReady(client)) ? await work(client) : none,
    );
  }

  async function readSlot(client: ClientBase, chain: string, seq: number): Promise<AuditEntry> {
    const { rows } = await client.query<EventRow>(
      `SELECT ${COLUMNS} FROM ${event} WHERE chain = $1 AND seq = $2`,
      [chain, seq],
    );
    const [row] = rows;
    if (!row)
      throw storeError("corrupt", `${location}: slot ${seq} of ${chain} was taken, and is gone`);
    return entryOf(row, chain, location);
  }

  return {
    location,
    capabilities: () => ({
      serialises: "strong",
      durable: "fsync",
      worm: "none",
      scope: "shared",
      maxEventBytes: MAX_EVENT_BYTES,
    }),

    async claim(chain, seq, bytes, { signal }): Promise<AuditClaim> {
      if (!Number.isSafeInteger(seq) || seq < 0) throw storeError("refused", `${seq} is no slot`);
      if (bytes.byteLength > MAX_EVENT_BYTES)
        throw storeError(
          "refused",
          `an event has at most ${MAX_EVENT_BYTES} bytes, not ${bytes.byteLength}`,
        );
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return await connections.use(signal, async (client) => {
        // A database that is empty is not filled anew by whoever goes on with a ledger.
        if (!(await isReady(client))) {
          if (seq > 0)
            throw storeError(
              "refused",
              `slot ${seq} of ${chain} cannot be written: slot ${seq - 1} is empty`,
            );
          await migrate(client, schema, location);
          ready = true;
        }
        signal.throwIfAborted();
        try {
          const { rows } = await client.query<{ stored_at: number }>(
            `INSERT INTO ${event} (chain, seq, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING (extract(epoch FROM stored_at) * 1000)::float8 AS stored_at`,
            [chain, seq, body],
          );
          const [mine] = rows;
          if (mine)
            return { status: "claimed", alreadyMine: false, storedAt: new Date(mine.stored_at) };
          const there = await readSlot(client, chain, seq);
          return Buffer.compare(there.bytes, bytes) === 0
            ? { status: "claimed", alreadyMine: true, ...storedAtOf(there) }
            : { status: "taken", bytes: there.bytes };
        } catch (cause) {
          if (isUndone(cause) || (cause instanceof Error && "failure" in cause)) throw cause;
          throw asStoreError(cause, location, { indeterminate: true });
        }
      });
    },

    head: (chain, { signal }) =>
      use<AuditHead | null>(signal, null, async (client) => {
        const { rows } = await client.query<EventRow & { count: number }>(
          `SELECT ${COLUMNS}, ((SELECT count(*) FROM ${event} WHERE chain = $1) + coalesce((SELECT before_seq FROM ${pruning} WHERE chain = $1), 0))::float8 AS count FROM ${event} WHERE chain = $1 ORDER BY ${event}.seq DESC LIMIT 1`,
          [chain],
        );
        const [row] = rows;
        if (!row) return null;
        return { seq: row.seq, entries: [entryOf(row, chain, location)], count: row.count };
      }),

    async *read(chain, from, to, { signal }): AsyncGenerator<AuditEntry> {
      const last = Math.min(to ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      let next = Math.max(0, from);
      for (;;) {
        const start = next;
        const page = await use<EventRow[]>(signal, [], async (client) => {
          const { rows } = await client.query<EventRow & { pruned: number }>(
            `SELECT ${COLUMNS}, coalesce((SELECT before_seq FROM ${pruning} WHERE chain = $1), 0)::float8 AS pruned FROM ${event} WHERE chain = $1 AND ${event}.seq BETWEEN $2 AND $3 ORDER BY ${event}.seq LIMIT ${PAGE}`,
            [chain, start, last],
          );
          next = Math.max(next, rows[0]?.pruned ?? 0);
          return rows;
        });
        for (const row of page) {
          if (row.seq !== next)
            throw storeError("corrupt", `${location}: slot ${next} of ${chain} is missing`, {
              hint: "Somebody removed it. Restore the database from a copy.",
            });
          next += 1;
          yield entryOf(row, chain, location);
        }
        if (page.length < PAGE) return;
      }
    },

    async *chains({ signal }): AsyncGenerator<string> {
      // From one name to the next by the key: a plain DISTINCT would read all events.
      yield* await use<string[]>(signal, [], async (client) => {
        const { rows } = await client.query<{ chain: string }>(
          `WITH RECURSIVE name AS (
            (SELECT chain FROM ${event} ORDER BY chain LIMIT 1)
            UNION ALL SELECT (SELECT min(chain) FROM ${event} WHERE chain > name.chain) FROM name WHERE name.chain IS NOT NULL
          ) SELECT chain FROM name WHERE chain IS NOT NULL`,
        );
        return rows.map(({ chain }) => chain);
      });
    },

    async *verifyStore(_chain, { signal }) {
      yield* await use(signal, [], (client) => findings(client, schema, location));
    },

    prune: (chain, upTo, { signal }) =>
      use<void>(signal, undefined, async (client) => {
        await client.query("BEGIN");
        try {
          const { rows } = await client.query<{ last: number | null }>(
            `SELECT max(seq)::float8 AS last FROM ${event} WHERE chain = $1`,
            [chain],
          );
          const last = rows[0]?.last ?? null;
          if (last === null || upTo >= last)
            throw storeError("refused", `the last event of ${chain} stays, so ${upTo} is too far`);
          await client.query(
            `INSERT INTO ${pruning} (chain, before_seq) VALUES ($1, $2) ON CONFLICT (chain) DO UPDATE SET before_seq = greatest(pruning.before_seq, excluded.before_seq)`,
            [chain, upTo + 1],
          );
          await client.query(`DELETE FROM ${event} WHERE chain = $1 AND seq <= $2`, [chain, upTo]);
          await client.query("COMMIT");
        } catch (cause) {
          await client.query("ROLLBACK").catch(() => undefined);
          throw cause;
        }
      }),

    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

async function readAddress(
  { url }: PostgresConfig,
  readSecret: AuditOpenOptions["readSecret"],
): Promise<ServerAddress> {
  const text = "is" in url ? url.is : (await readSecret(url.ref)).trim();
  const parsed = parseServerUrl(text);
  if (!("problem" in parsed)) return parsed;
  throw storeError("refused", `the URL of the database ${parsed.problem}`, {
    hint: "Correct what audit.with.url_ref names: postgres://user@host/database",
  });
}

function entryOf(
  { seq, bytes, stored_at: storedAt }: EventRow,
  chain: string,
  location: string,
): AuditEntry {
  if (!bytes)
    throw storeError(
      "corrupt",
      `${location}: slot ${seq} of ${chain} holds more than an event can`,
    );
  return { seq, bytes: new Uint8Array(bytes), storedAt: new Date(storedAt) };
}

function storedAtOf({ storedAt }: AuditEntry): { readonly storedAt?: Date } {
  return storedAt === undefined ? {} : { storedAt };
}
