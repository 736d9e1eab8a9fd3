import { randomBytes } from "node:crypto";
import { type PostgresProxy, startPostgresProxy } from "@floe/testing";
import pg from "pg";
import { inject } from "vitest";

/** A database user that may make a schema of its own, and the way to it through a proxy that can fail. */
export interface PostgresStore extends AsyncDisposable {
  readonly schema: string;
  readonly role: string;
  /** URL through the proxy, with the password. */
  readonly url: string;
  readonly proxy: PostgresProxy;
  /** Runs SQL as the superuser, who is stopped by no right and no trigger. */
  readonly past: (sql: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;
}

const PASSWORD = "writer-password";

/** Makes it; disposal drops what was made. */
export async function postgresStore(): Promise<PostgresStore> {
  const { url, port } = inject("postgres");
  const name = `t_${randomBytes(6).toString("hex")}`;
  const past: PostgresStore["past"] = async (sql, values = []) =>
    await asSuperuser(url, async (client) => {
      await client.query("SET session_replication_role = replica");
      // With values one statement, without any number of them.
      const result = await (values.length === 0
        ? client.query(sql)
        : client.query(sql, [...values]));
      return (Array.isArray(result) ? result.at(-1) : result).rows as Record<string, unknown>[];
    });
  await past(
    `CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'; GRANT CREATE ON DATABASE postgres TO ${name}`,
  );
  const proxy = await startPostgresProxy(port);
  return {
    schema: name,
    role: name,
    url: `postgres://${name}:${PASSWORD}@127.0.0.1:${proxy.port}/postgres`,
    proxy,
    past,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await past(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
    },
  };
}

/** Opens a connection of the superuser for as long as it is needed. */
export async function asSuperuser<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
