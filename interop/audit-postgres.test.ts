import { describe, expect, test } from "vitest";
import { type LedgerProject, ledgerProject, type Row } from "./support/ledger-project.ts";
import { type PostgresStore, postgresStore } from "./support/postgres-store.ts";

const PASSWORD = "writer-password";

/** A project with its ledgers in a schema of its own; the password is in the environment and nowhere else. */
async function aProject(store: PostgresStore, signal: AbortSignal): Promise<LedgerProject> {
  const audit = {
    backend: "database",
    database_url: store.url.replace(`:${PASSWORD}`, ""),
    with: { schema: store.schema, password_ref: "env:AUDIT_PASSWORD" },
  };
  const env = { AUDIT_PASSWORD: PASSWORD };
  const versions = ["v1.0.0", "v1.1.0"];
  return await ledgerProject({ audit, versions, registry: "docker-registry", env, signal });
}

interface Verdict {
  readonly verdict: string;
  readonly findings: readonly { readonly seq: number | null; readonly what: string }[];
}

/** What `audit verify` has found, as the verdict, the event and what is said of it. */
function found(said: unknown): string[] {
  const [{ verdicts }] = said as [{ verdicts: Record<string, Verdict> }];
  return Object.entries(verdicts).flatMap(([name, { verdict, findings }]) =>
    verdict === "failed" ? findings.map(({ seq, what }) => `${name} ${seq}: ${what}`) : [],
  );
}

describe("a ledger in PostgreSQL, with docker-registry", () => {
  test("carries promotions, a rollback and a lock, is verified, and names no secret anywhere", async ({
    signal,
  }) => {
    await using store = await postgresStore();
    await using project = await aProject(store, signal);
    const before = store.proxy.statements();
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.1.0", "--to", "dev");
    await project.done("promote", "v1.1.0", "--to", "staging");
    await project.done("rollback", "--env", "dev", "--reason", "broken");
    await project.done("platform", "lock", "--env", "staging", "--reason", "audit");
    expect(store.proxy.statements()).toBeGreaterThan(before);

    const board = (await project.done("status")) as Row[];
    expect(board.map(({ version, ledger, drift }) => [version, ledger, drift])).toEqual([
      ["v1.0.0", "strong", null],
      ["v1.1.0", "strong", null],
    ]);
    const audits = (await project.done("audit", "verify")) as {
      backend: string;
      verdicts: Record<string, Verdict>;
    }[];
    for (const { verdicts } of audits)
      expect(
        ["integrity", "completeness", "authenticity"].map((name) => verdicts[name]?.verdict),
      ).toEqual(["ok", "ok", "ok"]);
    // The registry holds the beginning of each ledger, and not one of its events.
    const tags = Object.keys(await project.tags());
    expect(tags.filter((tag) => tag.startsWith("floe-ev."))).toEqual([]);
    expect(tags.filter((tag) => tag.startsWith("floe-ledger."))).toHaveLength(2);
    // Exactly what is pinned, and what doctor, explain and a failure say.
    const [genesis] = (await project.done("audit", "show", "0", "--env", "dev")) as [Row];
    expect(JSON.stringify(genesis)).toContain(
      `postgres://127.0.0.1:${store.proxy.port}/postgres?schema=${store.schema}`,
    );
    const doctor = await project.floe("doctor");
    expect(doctor.stdout).toContain(
      "store race: raced: exactly one writer wins a slot (fsync); 1 scratch event",
    );
    const explained = await project.floe("manifest", "explain", "-o", "json");
    for (const text of [genesis, doctor, explained].map((one) => JSON.stringify(one)))
      expect(text).not.toContain(PASSWORD);
  });
});

describe("whoever changes the database", () => {
  test("is found by audit verify, which names the first event that is wrong", async ({
    signal,
  }) => {
    await using store = await postgresStore();
    await using project = await aProject(store, signal);
    const { schema } = store;
    const event = `${schema}.event`;
    await project.done("promote", "v1.0.0", "--to", "dev");
    await store.past(`CREATE TABLE public.older_${schema} AS TABLE ${event}`);
    await project.done("promote", "v1.1.0", "--to", "dev");
    await project.done("audit", "checkpoint", "--env", "dev", "--out", "dev.checkpoint");
    await store.past(`CREATE TABLE public.saved_${schema} AS TABLE ${event}`);
    const putBack = async (from: string) =>
      await store.past(`TRUNCATE ${event}; INSERT INTO ${event} TABLE public.${from}_${schema}`);
    const verify = async () =>
      await project.json("audit", "verify", "--env", "dev", "--checkpoint", "dev.checkpoint");
    const mine = "chain NOT LIKE 'floe-probe/%'";
    const cases: readonly (readonly [name: string, sql: string, ...finds: string[]])[] = [
      [
        "edit",
        `UPDATE ${event} SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'application', 'applicatiom'), 'UTF8') WHERE seq = 3 AND ${mine}`,
        "integrity 4: it does not follow the event before it",
        "ledger event dev#3: its signature does not verify",
      ],
      [
        "overwrite",
        `UPDATE ${event} SET bytes = '{}' WHERE seq = 3 AND ${mine}`,
        "integrity 3: it is not a signed statement",
      ],
      ["delete", `DELETE FROM ${event} WHERE seq = 3 AND ${mine}`, "completeness 3: it is missing"],
      [
        "swap",
        `UPDATE ${event} SET seq = CASE seq WHEN 3 THEN 1004 ELSE 1003 END WHERE seq IN (3, 4) AND ${mine}; UPDATE ${event} SET seq = seq - 1000 WHERE seq > 1000`,
        "integrity 3: it is event 4, in another slot",
      ],
      [
        "insert",
        `INSERT INTO ${event} SELECT chain, 5, bytes, stored_at FROM ${event} WHERE seq = 3 AND ${mine}`,
        "integrity 5: it is event 3, in another slot",
      ],
      [
        "truncate",
        `DELETE FROM ${event} WHERE seq >= 3 AND ${mine}`,
        "anchoring 3: it is gone: the checkpoint of dev.checkpoint counts 5 events, and there are 3",
      ],
      [
        "roll back",
        `TRUNCATE ${event}; INSERT INTO ${event} TABLE public.older_${schema}`,
        "anchoring 3: it is gone: the checkpoint of dev.checkpoint counts 5 events, and there are 3",
      ],
    ];
    for (const [name, sql, ...finds] of cases) {
      await store.past(sql);
      const { code, said } = await verify();
      expect([name, code], JSON.stringify(said)).toEqual([name, 18]);
      for (const what of finds)
        expect(found(said), name).toContainEqual(expect.stringContaining(what));
      await putBack("saved");
    }
    // What the database shows besides the events: here the role owns the tables, which is said and no failure.
    const whole = await verify();
    expect(whole.code).toBe(0);
    expect(JSON.stringify(whole.said)).toContain(
      "the role that floe uses may do more than add events",
    );
    await store.past(`ALTER TABLE ${event} DISABLE TRIGGER keep_event`);
    const unguarded = await verify();
    expect(unguarded.code).toBe(18);
    expect(found(unguarded.said)).toEqual([
      expect.stringContaining("the trigger keep_event is changed"),
    ]);
    await store.past(`ALTER TABLE ${event} ENABLE TRIGGER keep_event`);

    // Without a checkpoint as well: the tags say that there was more.
    await putBack("older");
    const before = await project.tags();
    const { code } = await project.json("promote", "v1.0.0", "--to", "dev", "--force");
    expect([code, await project.tags()]).toEqual([18, before]);
    await store.past(`TRUNCATE ${event}`);
    expect(await project.json("platform", "lock", "--env", "dev", "--reason", "x")).toMatchObject({
      code: 18,
      said: { error: { code: "FLOE_LEDGER_MISSING" } },
    });
    await store.past(`DROP TABLE public.older_${schema}, public.saved_${schema}`);
  });
});

describe("a database that takes no event", () => {
  test("ends a promotion with 15 in the deadline, and the registry is as it was", async ({
    signal,
  }) => {
    await using store = await postgresStore();
    await using project = await aProject(store, signal);
    const { schema, role, proxy, past } = store;
    await project.done("promote", "v1.0.0", "--to", "dev");
    const before = await project.tags();
    const readOnly = `ALTER ROLE ${role} SET default_transaction_read_only`;
    const cases: readonly (readonly [
      name: string,
      begin: () => unknown,
      end: () => unknown,
      code: number,
      says: string,
    ])[] = [
      [
        "read-only",
        () => past(`${readOnly} = on`),
        () => past(`${readOnly} = off`),
        15,
        "read-only transaction",
      ],
      [
        "permission denied",
        () => past(`REVOKE INSERT ON ${schema}.event FROM ${role}`),
        () => past(`GRANT INSERT ON ${schema}.event TO ${role}`),
        15,
        "permission denied",
      ],
      [
        "no connections left",
        () => past(`ALTER ROLE ${role} CONNECTION LIMIT 0`),
        () => past(`ALTER ROLE ${role} CONNECTION LIMIT -1`),
        15,
        "too many connections",
      ],
      [
        "another password",
        () => past(`ALTER ROLE ${role} PASSWORD 'another'`),
        () => past(`ALTER ROLE ${role} PASSWORD '${PASSWORD}'`),
        14,
        "password authentication failed",
      ],
    ];
    for (const [name, begin, end, code, says] of cases) {
      await begin();
      const run = await project.floe("promote", "v1.1.0", "--to", "dev", "-o", "json");
      expect([name, run.exitCode, run.stdout]).toEqual([name, code, expect.stringContaining(says)]);
      expect(run.stdout + run.stderr, name).not.toContain(PASSWORD);
      expect(await project.tags(), name).toEqual(before);
      await end();
    }

    const begun = performance.now();
    const endHole = proxy.blackHole();
    const lost = await project.json("promote", "v1.1.0", "--to", "dev");
    endHole();
    expect(lost).toMatchObject({ code: 15, said: { error: { code: "FLOE_LEDGER_UNAVAILABLE" } } });
    expect(performance.now() - begun).toBeLessThan(12_000);
    expect(await project.tags()).toEqual(before);
    await project.done("promote", "v1.1.0", "--to", "dev");
  });

  test("for want of an answer leaves a promotion that the same command finishes", async ({
    signal,
  }) => {
    await using store = await postgresStore();
    await using project = await aProject(store, signal);
    await project.done("promote", "v1.0.0", "--to", "dev");
    // The intent is stored and its answer lost: floe reads the slot, finds its own event, and goes on.
    store.proxy.loseNextReply();
    await project.done("promote", "v1.1.0", "--to", "dev");
    const events = (await project.done("audit", "list", "--env", "dev")) as Row[];
    expect(events).toHaveLength(5);
    await project.done("audit", "verify", "--env", "dev");
  });
});
