import type { AuditBackendError } from "@floe/core/plugin";
import type { ClientBase, Pool, PoolClient, PoolConfig } from "pg";
import type { ServerAddress } from "./server-url.ts";
import { asStoreError, storeError } from "./store-error.ts";

/** Shorter than the ten seconds that floe waits for a store, so that it learns why. In milliseconds. */
const CONNECT_MS = 5000;
const STATEMENT_MS = 8000;
/** After the server's own limit, for one that says nothing at all. */
const SILENCE_MS = 9000;
const IDLE_MS = 10_000;

/** Connections at a time: enough for a claim beside a reader, few enough for a server that many pipelines share. */
const CONNECTIONS = 4;

/** Connections to one database, made when they are needed. */
export interface Connections extends AsyncDisposable {
  /**
   * Lends a connection. Aborted, it is cut, so that whatever it waits for ends; and so it is after an error that leaves open
   * what it was doing.
   * @throws {AuditBackendError} why there is none, or what `work` has thrown
   */
  use<Result>(signal: AbortSignal, work: (client: PoolClient) => Promise<Result>): Promise<Result>;
}

/** What connections are made with. */
export interface ConnectionsOptions {
  readonly server: ServerAddress;
  readonly password: string | null;
  /** Certificates as PEM. */
  readonly ca: string | null;
  /** For messages; without secrets. */
  readonly location: string;
}

/** Prepares connections to a database; makes none yet, and loads no driver. */
export function createConnections(options: ConnectionsOptions): Connections {
  const { location } = options;
  let pool: Promise<Pool> | null = null;
  let closed = false;

  async function acquire(signal: AbortSignal): Promise<PoolClient> {
    if (closed) throw storeError("refused", "the backend was closed");
    pool ??= makePool(options);
    const asked = (await pool).connect();
    // Who does not wait for it any longer gives it back unused.
    return await untilAborted(signal, asked, (client) => client.release());
  }

  return {
    async use(signal, work) {
      signal.throwIfAborted();
      let client: PoolClient;
      try {
        client = await acquire(signal);
      } catch (cause) {
        signal.throwIfAborted();
        throw asStoreError(cause, location, hintOf(cause));
      }
      const lost = (): void => undefined;
      client.on("error", lost);
      let sound = false;
      try {
        const result = await untilAborted(signal, work(client));
        sound = true;
        return result;
      } catch (cause) {
        sound = isSound(cause as AuditBackendError & { readonly severity?: unknown });
        signal.throwIfAborted();
        throw asStoreError(cause, location);
      } finally {
        client.release(!sound);
        client.off("error", lost);
      }
    },

    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      // A server that is silent does not answer a farewell either; the process may end without it.
      const ending = pool?.then((made) => made.end());
      await Promise.race([ending, new Promise((done) => setTimeout(done, 500).unref())]);
    },
  };
}

async function makePool(options: ConnectionsOptions): Promise<Pool> {
  const { server, password, ca, location } = options;
  const { default: pg } = await import("pg");
  // The pool waits for what onConnect promises; its types do not say so.
  const config: Omit<PoolConfig, "onConnect"> & {
    readonly onConnect: (client: ClientBase) => Promise<void>;
  } = {
    host: server.host,
    port: server.port,
    database: server.database,
    user: server.user,
    // Asked for when the server wants one: otherwise the driver would look for one in the environment and in ~/.pgpass.
    password: () => {
      if (password === null)
        throw storeError(
          "unauthenticated",
          `${location}: the server asks ${server.user} for a password`,
          {
            hint: "Name it with audit.with.password_ref.",
          },
        );
      return password;
    },
    ssl:
      server.tls === "off"
        ? false
        : { rejectUnauthorized: server.tls === "verified", ...(ca === null ? {} : { ca }) },
    client_encoding: "UTF8",
    application_name: "floe",
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: SILENCE_MS,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    keepAlive: true,
    max: CONNECTIONS,
    onConnect: (client) => prepare(client, location),
  };
  const pool = new pg.Pool(config);
  // A connection that breaks while nobody uses it is replaced by the next who needs one.
  pool.on("error", () => undefined);
  return pool;
}

// An acknowledged event has to survive a power cut: so the session waits for the disk, unless it waits for more already, and what
// came of it is read back. The table's own trigger sees to it once more, for sessions that others share.
async function prepare(client: ClientBase, location: string): Promise<void> {
  const results: unknown = await client.query(
    `SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
      set_config('statement_timeout', '${STATEMENT_MS}', false), set_config('lock_timeout', '${STATEMENT_MS}', false),
      set_config('idle_in_transaction_session_timeout', '${STATEMENT_MS}', false), set_config('search_path', 'pg_catalog', false),
      set_config('default_transaction_isolation', 'read committed', false),
      (SELECT set_config(name, '1000', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval');
    SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync, pg_is_in_recovery() AS standby`,
  );
  // Two statements in one message have two results, which the driver's types do not know.
  const [, { rows }] = results as [
    unknown,
    { readonly rows: readonly { commit: string; fsync: string; standby: boolean }[] },
  ];
  const [seen] = rows;
  if (!seen || !["on", "remote_apply"].includes(seen.commit) || seen.fsync !== "on")
    throw storeError(
      "unavailable",
      `${location}: the server does not write through (synchronous_commit = ${seen?.commit}, fsync = ${seen?.fsync})`,
      { hint: "Set fsync = on: what was acknowledged must survive a power cut." },
    );
  if (seen.standby)
    throw storeError(
      "denied",
      `${location}: is a standby, which takes no events and may lag behind`,
      {
        hint: "Name the primary in the database URL.",
      },
    );
}

// What the server has answered, or what was refused here, leaves the connection as it was.
function isSound(cause: Partial<AuditBackendError> & { readonly severity?: unknown }): boolean {
  return (
    cause.severity === "ERROR" || (cause.failure !== undefined && cause.indeterminate !== true)
  );
}

function hintOf(cause: unknown): { readonly hint?: string } {
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
  if (message === "The server does not support SSL connections")
    return {
      hint: "Switch on TLS on the server, or write sslmode=disable into the URL where the network is yours alone.",
    };
  if (/CERT|SIGNATURE|ALTNAME/.test(String(code)))
    return { hint: "Name the certificate of who vouches for the server with audit.with.ca_ref." };
  return {};
}

async function untilAborted<Value>(
  signal: AbortSignal,
  promise: Promise<Value>,
  late?: (value: Value) => void,
): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  let over = false;
  promise.then(
    (value) => {
      if (over) late?.(value);
    },
    () => undefined,
  );
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted]);
  } catch (cause) {
    over = signal.aborted;
    throw cause;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
