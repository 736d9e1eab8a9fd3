import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { probeBackend } from "@floe/core";
import type { AuditBackend, AuditBackendError, AuditBackendProvider } from "@floe/core/plugin";
import plugin from "@floe/plugin-audit-postgres";
import { startPostgres } from "@floe/testing";
import { describe, expect, inject, test } from "vitest";
import { asSuperuser, postgresStore } from "./support/postgres-store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const call = (ms = 10_000) => ({ signal: AbortSignal.timeout(ms) });

/** Opens the backend with settings as the manifest has them. */
async function open(
  settings: Record<string, unknown>,
  secrets: Record<string, string> = {},
): Promise<AuditBackend & AsyncDisposable> {
  const [provider] = plugin.auditBackends as readonly AuditBackendProvider[];
  const result = await provider?.config["~standard"].validate(settings);
  if (!provider || !result || result.issues) throw new Error(JSON.stringify(result));
  const readSecret = async (ref: string) => secrets[ref] ?? "";
  const backend = await provider.open(result.value, { ...call(), baseDir: "/", readSecret });
  return backend as AuditBackend & AsyncDisposable;
}

async function failure(promise: Promise<unknown>): Promise<AuditBackendError> {
  return await promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as AuditBackendError,
  );
}

async function findingsOf(backend: AuditBackend): Promise<string[]> {
  const found: string[] = [];
  for await (const { code, message, tampering } of backend.verifyStore?.("c", call()) ?? [])
    found.push(`${tampering ? "tampering" : "note"} ${code} ${message.replace(/^\S+ /, "")}`);
  return found;
}

describe("the SQL of the guide", () => {
  test("makes the tables that floe knows, and a role that adds events and does nothing else", async () => {
    const { url, port, psql } = inject("postgres");
    const guide = readFileSync(new URL("../docs/guides/audit.md", import.meta.url), "utf8");
    const [, sql] = /```sql\n([\s\S]+?)```/.exec(guide) ?? [];
    execFileSync(psql, ["-X", "-q", "-v", "ON_ERROR_STOP=1", url], {
      input: sql ?? "",
      stdio: "pipe",
    });
    await asSuperuser(url, (client) => client.query("ALTER ROLE floe_writer PASSWORD 'pw'"));
    await using backend = await open(
      { url: `postgres://floe_writer@127.0.0.1:${port}/audit`, password_ref: "env:PW" },
      { "env:PW": "pw\n" },
    );

    for (let seq = 0; seq < 3; seq += 1)
      expect(await backend.claim("c", seq, bytes(`${seq}`), call())).toMatchObject({
        status: "claimed",
      });
    expect(await backend.claim("c", 1, bytes("other"), call())).toEqual({
      status: "taken",
      bytes: bytes("1"),
    });
    expect(await findingsOf(backend)).toEqual([]);
    expect(await failure(backend.prune?.("c", 0, call()) ?? Promise.resolve())).toMatchObject({
      failure: "denied",
    });

    // What floe doctor races stays, as it says.
    await probeBackend([backend], { chain: "floe-probe/1", ...call() });
    const left: number[] = [];
    for await (const { seq } of backend.read("floe-probe/1", 0, undefined, call())) left.push(seq);
    expect(left).toEqual([...Array(12).keys()]);

    const writer = `postgres://floe_writer:pw@127.0.0.1:${port}/audit`;
    await asSuperuser(writer, async (client) => {
      for (const statement of [
        "UPDATE floe.event SET bytes = ''",
        "DELETE FROM floe.event",
        "TRUNCATE floe.event",
        "INSERT INTO floe.event (chain, seq, bytes, stored_at) VALUES ('c', 3, '', '2000-01-01')",
        "INSERT INTO floe.pruning VALUES ('c', 1)",
        "ALTER TABLE floe.event DISABLE TRIGGER ALL",
        "DROP TABLE floe.event",
        "CREATE TABLE floe.t (a int)",
        "SET ROLE floe_owner",
        "SET session_replication_role = replica",
      ])
        await expect(client.query(statement), statement).rejects.toMatchObject({ code: "42501" });
      // What it may add has to be the next event, and is on the disk whatever the session says.
      await client.query("SET synchronous_commit = off");
      const next = "INSERT INTO floe.event (chain, seq, bytes) VALUES ('c', $1, '')";
      await expect(client.query(next, [9])).rejects.toMatchObject({ code: "FL001" });
      await expect(client.query(next, [1])).rejects.toMatchObject({ code: "23505" });
      const { rows } = await client.query(
        `${next} RETURNING current_setting('synchronous_commit') AS commit`,
        [3],
      );
      expect(rows).toEqual([{ commit: "on" }]);
    });

    // The owner is stopped by the triggers, and can take them away.
    await asSuperuser(url.replace(/postgres$/, "audit"), async (client) => {
      await client.query("SET ROLE floe_owner");
      for (const statement of [
        "UPDATE floe.event SET bytes = ''",
        "DELETE FROM floe.event WHERE seq = 3",
        "TRUNCATE floe.event",
      ])
        await expect(client.query(statement), statement).rejects.toMatchObject({ code: "FL004" });
      await client.query("ALTER TABLE floe.event DISABLE TRIGGER keep_event");
    });
    expect(await findingsOf(backend)).toEqual([
      "tampering schema_changed the trigger keep_event is changed",
    ]);
  });
});

describe("tables that floe makes", () => {
  test("are told when the role owns them, or when somebody changed one", async () => {
    await using store = await postgresStore();
    await using backend = await open({ url: store.url, schema: store.schema });
    expect(await backend.head("c", call())).toBeNull();
    // Reading makes nothing.
    expect(await store.past("SELECT to_regnamespace($1) AS there", [store.schema])).toEqual([
      { there: null },
    ]);

    await backend.claim("c", 0, bytes("a"), call());

    expect(await findingsOf(backend)).toEqual([
      expect.stringContaining(
        "note role_may_change the role that floe uses may do more than add events",
      ),
    ]);
    const { schema } = store;
    await store.past(`
      CREATE OR REPLACE FUNCTION ${schema}.admit_event() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE RULE quiet AS ON DELETE TO ${schema}.pruning DO INSTEAD NOTHING;
      ALTER TABLE ${schema}.event DROP CONSTRAINT event_seq_check;
      DROP TRIGGER keep_events ON ${schema}.event`);
    expect((await findingsOf(backend)).filter((text) => text.startsWith("tampering"))).toEqual([
      "tampering schema_changed the table pruning is changed",
      "tampering schema_changed the trigger keep_events is missing",
      "tampering schema_changed the function admit_event is changed",
      "tampering schema_changed the constraint event CHECK ((seq >= 0)) is missing",
    ]);
  });

  test("are made once when sixteen begin at the same time, whatever the role is set to", async () => {
    await using store = await postgresStore();
    // With the first, whoever loses a race would get an error in place of an answer; with the second, events would be lost with the power.
    await store.past(
      `ALTER ROLE ${store.role} SET default_transaction_isolation = serializable; ALTER ROLE ${store.role} SET synchronous_commit = off`,
    );
    const settings = { url: store.url, schema: store.schema };
    const backends = await Promise.all(Array.from({ length: 16 }, () => open(settings)));
    const claims = await Promise.all(
      backends.map((backend, index) => backend.claim("c", 0, bytes(`${index}`), call())),
    );
    expect(claims.filter(({ status }) => status === "claimed")).toHaveLength(1);
    for (let seq = 1; seq < 5; seq += 1) {
      const race = backends.map((backend, index) =>
        backend.claim("c", seq, bytes(`${index}`), call()),
      );
      expect((await Promise.all(race)).filter(({ status }) => status === "claimed")).toHaveLength(
        1,
      );
    }
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  test("of a newer version, or of something else, are left alone", async () => {
    await using store = await postgresStore();
    const { schema } = store;
    {
      await using backend = await open({ url: store.url, schema });
      await backend.claim("c", 0, bytes("a"), call());
      await store.past(`INSERT INTO ${schema}.schema_version VALUES (99)`);
    }
    await using newer = await open({ url: store.url, schema });
    expect(await failure(newer.head("c", call()))).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("version 99 of the schema") as string,
    });
    await store.past(`DROP TABLE ${schema}.schema_version`);
    await using other = await open({ url: store.url, schema });
    for (const ask of [
      () => other.head("c", call()),
      () => other.claim("c", 0, bytes("a"), call()),
    ])
      expect(await failure(ask())).toMatchObject({ failure: "refused" });
  });

  test("that are gone are no new ledger", async () => {
    await using store = await postgresStore();
    await using backend = await open({ url: store.url, schema: store.schema });
    await backend.claim("c", 0, bytes("a"), call());
    await store.past(`DROP SCHEMA ${store.schema} CASCADE`);
    expect(await failure(backend.claim("c", 1, bytes("b"), call()))).toMatchObject({
      failure: "corrupt",
    });
    await using again = await open({ url: store.url, schema: store.schema });
    expect(await failure(again.claim("c", 1, bytes("b"), call()))).toMatchObject({
      failure: "refused",
    });
  });

  test("are not made by a role that may not, which is told what to do", async () => {
    await using store = await postgresStore();
    await store.past(`REVOKE CREATE ON DATABASE postgres FROM ${store.role}`);
    await using backend = await open({ url: store.url, schema: store.schema });
    expect(await failure(backend.claim("c", 0, bytes("a"), call()))).toMatchObject({
      failure: "denied",
      hint: expect.stringContaining("docs/guides/audit.md") as string,
    });
  });
});

describe("a connection", () => {
  test("that breaks before an event arrives leaves it open whether it did, and the slot free", async () => {
    await using store = await postgresStore();
    await using backend = await open({ url: store.url, schema: store.schema });
    await backend.claim("c", 0, bytes("a"), call());
    store.proxy.cutBeforeNext();
    expect(await failure(backend.claim("c", 1, bytes("b"), call()))).toMatchObject({
      failure: "unavailable",
      indeterminate: true,
    });
    expect(await backend.claim("c", 1, bytes("b"), call())).toMatchObject({ alreadyMine: false });
  });

  test("whose session is ended while it waits to write is not said to have stored nothing", async () => {
    await using store = await postgresStore();
    const { schema, role } = store;
    await using backend = await open({ url: store.url, schema });
    await backend.claim("c", 0, bytes("a"), call());
    await asSuperuser(inject("postgres").url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${schema}.event IN EXCLUSIVE MODE`);
      const claim = failure(backend.claim("c", 1, bytes("b"), call()));
      const waiting = "FROM pg_stat_activity WHERE usename = $1 AND wait_event_type = 'Lock'";
      while (
        (await client.query(`SELECT pg_terminate_backend(pid) ${waiting}`, [role])).rowCount === 0
      );
      expect(await claim).toMatchObject({ failure: "unavailable", indeterminate: true });
      await client.query("ROLLBACK");
    });
    expect((await backend.head("c", call()))?.seq).toBe(0);
  });

  test("that is idle when the server ends it is replaced", async () => {
    await using store = await postgresStore();
    await using backend = await open({ url: store.url, schema: store.schema });
    await backend.claim("c", 0, bytes("a"), call());
    await store.past("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [
      store.role,
    ]);
    await new Promise((done) => setTimeout(done, 50));
    expect((await backend.head("c", call()))?.seq).toBe(0);
  });

  test("goes through a Unix socket, and with a wrong password nowhere", async () => {
    await using store = await postgresStore();
    const { socket, port } = inject("postgres");
    const url = `postgres://${store.role}:writer-password@:${port}/postgres?host=${socket}`;
    await using backend = await open({ url, schema: store.schema });
    expect(await backend.claim("c", 0, bytes("a"), call())).toMatchObject({ status: "claimed" });
    await using wrong = await open({
      url: url.replace("writer-password", "wrong"),
      schema: store.schema,
    });
    expect(await failure(wrong.head("c", call()))).toMatchObject({ failure: "unauthenticated" });
    await using none = await open({
      url: url.replace(":writer-password", ""),
      schema: store.schema,
    });
    expect(await failure(none.head("c", call()))).toMatchObject({
      failure: "unauthenticated",
      hint: expect.stringContaining("password_ref") as string,
    });
  });

  test("is encrypted to the server whose certificate is vouched for, and to no other", async () => {
    await using store = await postgresStore();
    const { certificate, port } = inject("postgres");
    const at = (host: string) =>
      `postgres://${store.role}:writer-password@${host}:${port}/postgres?sslmode=verify-full`;
    const settings = { url: at("127.0.0.1"), ca_ref: "ca.pem", schema: store.schema };
    await using backend = await open(settings, { "ca.pem": certificate });
    await backend.claim("c", 0, bytes("a"), call());
    const tls =
      "SELECT bool_and(ssl) AS on FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1";
    expect(await store.past(tls, [store.role])).toEqual([{ on: true }]);

    await using unknown = await open({ url: settings.url, schema: store.schema });
    expect(await failure(unknown.head("c", call()))).toMatchObject({
      failure: "unavailable",
      hint: expect.stringContaining("ca_ref") as string,
    });
    await using other = await open(
      { ...settings, url: at("localhost") },
      { "ca.pem": certificate },
    );
    expect(await failure(other.head("c", call()))).toMatchObject({ failure: "unavailable" });
  });
});

describe("a server", () => {
  test("that is read-only is told so, and can be read", async () => {
    await using store = await postgresStore();
    await using backend = await open({ url: store.url, schema: store.schema });
    await backend.claim("c", 0, bytes("a"), call());
    await store.past(`ALTER ROLE ${store.role} SET default_transaction_read_only = on`);
    await using again = await open({ url: store.url, schema: store.schema });
    expect(await failure(again.claim("c", 1, bytes("b"), call()))).toMatchObject({
      failure: "denied",
      hint: expect.stringContaining("read-only") as string,
    });
    expect((await again.head("c", call()))?.seq).toBe(0);
  });

  test("without room for one more event has stored nothing of it, and goes on when there is room", async ({
    signal,
  }) => {
    // Larger than the disk: otherwise readers would have to write other pages out first, and could not.
    const settings = { shared_buffers: "64MB" };
    await using cluster = await startPostgres({ smallDiskMb: 16, settings, signal });
    await asSuperuser(cluster.url, async (client) => {
      await client.query(`CREATE TABLESPACE small LOCATION '${cluster.smallDisk}'`);
      await client.query("CREATE DATABASE audit TABLESPACE small");
    });
    const url = cluster.url.replace(/postgres$/, "audit");
    await using backend = await open({ url });
    await backend.claim("c", 0, bytes("a"), call());
    await asSuperuser(url, async (client) => {
      await client.query("CREATE TABLE filler (bytes bytea)");
      const more = () => client.query("INSERT INTO filler VALUES ($1)", [randomBytes(200_000)]);
      while (await more().catch(() => null));
    });

    const large = randomBytes(900_000);
    const error = await failure(backend.claim("c", 1, large, call()));

    expect(error).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("No space left on device") as string,
      hint: expect.stringContaining("Free some space") as string,
    });
    expect(error.indeterminate).toBeUndefined();
    expect((await backend.head("c", call()))?.seq).toBe(0);
    await asSuperuser(url, (client) => client.query("DROP TABLE filler"));
    expect(await backend.claim("c", 1, large, call())).toMatchObject({ alreadyMine: false });
  });

  test("that does not write through, or is a standby, is not used", async ({ signal }) => {
    await using store = await postgresStore();
    await using fast = await startPostgres({ settings: { fsync: "off" }, signal });
    await using standby = await startPostgres({ standbyOf: inject("postgres").url, signal });
    await using careless = await open({ url: fast.url });
    expect(await failure(careless.claim("c", 0, bytes("a"), call()))).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("fsync = off") as string,
    });
    await using old = await open({ url: store.url.replace(/:\d+\//, `:${standby.port}/`) });
    for (const ask of [() => old.head("c", call()), () => old.claim("c", 0, bytes("a"), call())])
      expect(await failure(ask())).toMatchObject({
        failure: "denied",
        message: expect.stringContaining("is a standby") as string,
      });
  });
});
