import { join } from "node:path";
import { exitCodeOfReasons } from "@floe/core";
import sqlite from "@floe/plugin-audit-sqlite";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { aWorld, go } from "../review/a-world.ts";
import { aSqliteWorld } from "./a-sqlite-world.ts";
import { endOf, expectOneLedger } from "./runs-apart.ts";

const everywhere = ["dev", "staging", "prod"];

describe("a ledger in SQLite, with a plain registry", () => {
  test("carries promotions, a rollback, locks and a quarantine, and is verified", async () => {
    await using world = await aSqliteWorld();
    for (const version of ["v1.0.0", "v1.1.0"]) {
      await world.publish(version);
      await world.promote(version, ...everywhere);
    }

    await world.as({}, async (floe) => {
      const environment = "prod";
      expect(await endOf(floe.rollback({ environment, reason: "broken" }))).toBe("done");
      expect(await endOf(floe.lock({ environment, reason: "audit" }))).toBe("done");
      expect(await endOf(floe.promote({ version: "v1.1.0", to: "prod", force: true }))).toMatch(
        /HELD|LOCKED|QUARANTINED/,
      );
      expect(await endOf(floe.unlock({ environment, reason: "done" }))).toBe("done");
      const held = { version: "v1.1.0", environments: ["dev"], reason: "CVE" };
      await floe.quarantine(held);
    });

    await world.as({}, async (floe) => {
      const board = await floe.status({});
      expect(board.map(({ version, ledger, drift }) => [version, ledger, drift])).toEqual([
        ["v1.1.0", "strong", null],
        ["v1.1.0", "strong", null],
        ["v1.0.0", "strong", null],
      ]);
      expect(await floe.verify({ environment: "prod" })).toMatchObject({ trusted: true });
      const history = await floe.history({ environment: "prod" });
      expect(history.map(({ seq }) => seq)).toEqual(
        history.map((_, index) => history.length - 1 - index),
      );
      expect(board[0]?.held).toMatchObject([{ kind: "quarantine" }]);
      expect(await floe.reconcile({})).toMatchObject({ recovered: [] });
      const audits = await floe.audit({});
      expect(
        audits.map(({ verdicts }) => [verdicts.integrity.verdict, verdicts.authenticity.verdict]),
      ).toEqual([
        ["ok", "ok"],
        ["ok", "ok"],
        ["ok", "ok"],
      ]);
    });
    // The registry holds the beginning of each ledger, and not one of its events.
    const tags = Object.keys(world.store.tags());
    expect(tags.filter((tag) => tag.startsWith("floe-ev."))).toEqual([]);
    expect(tags.filter((tag) => tag.startsWith("floe-ledger."))).toHaveLength(3);
  });

  test("warns once for each ledger that others could not find, and not beside an embedded registry", async () => {
    await using world = await aSqliteWorld();
    await world.publish("v1.0.0");
    const warnings: string[] = [];
    const logger = {
      debug() {},
      info() {},
      progress() {},
      warn: (text: string) => void warnings.push(text),
    };

    await world.as({ logger }, (floe) => floe.lock({ environment: "dev", reason: "x" }));
    await world.as({ logger }, (floe) => floe.unlock({ environment: "dev", reason: "x" }));

    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("is begun on this machine (sqlite:.floe/audit.db)");
  });

  test("is one ledger when sixteen begin it at once, and each of their versions arrives", async () => {
    await using world = await aSqliteWorld({
      environments: [{ name: "dev", gates: { policy_compliance: true } }],
    });
    await expectOneLedger(world, 16);
  });

  test("lets one of sixteen promote the same version", async () => {
    await using world = await aSqliteWorld();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");

    const ends = await Promise.all(
      Array.from({ length: 16 }, () =>
        world.as({}, (floe) => endOf(floe.promote({ version: "v1.0.0", to: "staging" }))),
      ),
    );

    expect(ends.filter((end) => end === "done")).toHaveLength(1);
    for (const end of ends)
      expect(end).toMatch(
        /^(?:done|FLOE_PROMOTION_BUSY|FLOE_TAG_TAKEN|FLOE_ALREADY_PROMOTED|FLOE_TARGET_\w+)/,
      );
  });
});

describe("the registry pins where a ledger is:", () => {
  test.each([
    ["another file", { backend: "database", database_url: "sqlite:other.db" }],
    ["the registry", undefined],
    ["the registry, said", { backend: "oci" }],
  ])("a manifest that leads to %s is refused", async (_, audit) => {
    await using world = await aSqliteWorld();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const before = world.store.tags();
    const manifest = await world.remake({ audit: audit as never });

    for (const ask of [
      world.as({ manifest }, (floe) => floe.promote({ version: "v1.0.0", to: "dev", force: true })),
      world.as({ manifest }, (floe) => floe.lock({ environment: "dev", reason: "x" })),
    ])
      expect(await endOf(ask)).toBe("FLOE_LEDGER_ELSEWHERE 18");
    expect(world.store.tags()).toEqual(before);
  });

  test("a ledger in the registry does not become one in SQLite", async () => {
    await using world = await aWorld({ plugins: [sqlite] });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const manifest = await world.remake({ audit: { backend: "database" } });

    const lock = world.floe({ manifest }).lock({ environment: "dev", reason: "x" });
    expect(await endOf(lock)).toBe("FLOE_LEDGER_ELSEWHERE 18");
  });

  test("a file that was deleted is a missing ledger, and no new one", async () => {
    await using world = await aSqliteWorld();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const empty = join(world.database, "../empty.db");
    world.copyTo(empty);
    const db = new Database(empty);
    db.exec("DROP TRIGGER event_stays; DELETE FROM event; DELETE FROM chain");
    db.close();
    world.restore(empty);

    for (const ask of [
      world.as({}, (floe) => floe.lock({ environment: "dev", reason: "x" })),
      world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "dev", force: true })),
    ])
      expect(await endOf(ask)).toBe("FLOE_LEDGER_MISSING 18");
  });

  test("what was backed up before the last promotion is found when it is put back", async () => {
    await using world = await aSqliteWorld();
    for (const version of ["v1.0.0", "v1.1.0"]) await world.publish(version);
    await world.promote("v1.0.0", "dev");
    const old = join(world.database, "../old.db");
    world.copyTo(old);
    await world.promote("v1.1.0", "dev");
    const before = world.store.tags();

    world.restore(old);

    expect(
      await endOf(world.as({}, (floe) => floe.promote({ version: "v1.1.0", to: "staging" }))),
    ).toBe("FLOE_SOURCE_NOT_PROMOTED");
    expect(
      await endOf(
        world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "dev", force: true })),
      ),
    ).toBe("FLOE_LEDGER_EVENT_INVALID 18");
    const verified = await world.as({}, (floe) => floe.verify({ environment: "dev" }));
    expect(verified.trusted).toBe(false);
    // That it was refused is recorded in staging's own ledger, which is begun for it.
    const { "floe-ledger.staging": _, ...after } = world.store.tags();
    expect(after).toEqual(before);
  });
});

describe("whoever changes the file is found:", () => {
  const TRIGGERS = "DROP TRIGGER event_is_kept; DROP TRIGGER event_stays; ";
  test.each<[string, string, boolean?]>([
    [
      "an event that was edited",
      "UPDATE event SET bytes = CAST(replace(CAST(bytes AS TEXT), 'application', 'applicatiom') AS BLOB) WHERE seq = 3",
    ],
    ["bytes of an event that were written over", "UPDATE event SET bytes = x'7b7d' WHERE seq = 3"],
    ["an event that was taken away", "DELETE FROM event WHERE seq = 3"],
    [
      "two events that changed places",
      "UPDATE event SET seq = 1000 WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 1000",
    ],
    [
      "an event that was put in twice",
      "INSERT INTO event (chain, seq, bytes, stored_at) SELECT chain, 1 + (SELECT max(seq) FROM event), bytes, 0 FROM event WHERE seq = 3",
    ],
    // Nothing in what is left says that there was more: what does is the record of what the tag holds, and a checkpoint.
    ["the newest operation that was cut off", "DELETE FROM event WHERE seq >= 3", false],
  ])("%s", async (_, sql, shows = true) => {
    await using world = await aSqliteWorld({
      environments: [{ name: "dev", gates: { policy_compliance: true } }],
    });
    for (const version of ["v1.0.0", "v1.1.0"]) await world.publish(version);
    await world.promote("v1.0.0", "dev");
    await world.promote("v1.1.0", "dev");
    expect((await world.as({}, (floe) => floe.verify({ environment: "dev" }))).trusted).toBe(true);

    world.past((db) => db.exec(TRIGGERS + sql));

    const verified = await world.as({}, (floe) => floe.verify({ environment: "dev" }));
    expect([verified.trusted, exitCodeOfReasons(verified.blocking)]).toEqual([false, 18]);
    if (!shows) return;
    const [audit] = await world.as({}, (floe) => floe.audit({}));
    const { integrity, completeness } = audit?.verdicts ?? {};
    expect([integrity?.verdict, completeness?.verdict]).toContain("failed");
  });
});

test("a ledger that is being written for longer than the deadline ends with 15, and the registry is as it was", async () => {
  await using world = await aSqliteWorld();
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const before = world.store.tags();
  const db = new Database(world.database);
  db.exec("BEGIN IMMEDIATE");
  const begun = performance.now();

  const end = await endOf(
    world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "staging" })),
  );

  expect([end, performance.now() - begun < 20_000]).toEqual(["FLOE_LEDGER_UNAVAILABLE 15", true]);
  expect(world.store.tags()).toEqual(before);
  db.exec("ROLLBACK");
  db.close();
  await world.promote("v1.0.0", "staging");
});

test("an app hands in a backend that it has opened, and closes it itself", async () => {
  await using world = await aSqliteWorld();
  await world.publish("v1.0.0");
  await using ledger = (await world.openLedger()) as AsyncDisposable &
    Awaited<ReturnType<typeof world.openLedger>>;

  await world.as({ ledger }, (floe) => floe.lock({ environment: "dev", reason: "x" }));

  const chains: string[] = [];
  for await (const chain of ledger.chains(go))
    if (!chain.startsWith("floe-probe/")) chains.push(chain);
  expect(chains).toEqual(["acme/oci-layout:./registry#dev"]);
  // The manifest names the same store, so whoever opens it from there finds the same ledger.
  expect(
    (await world.as({}, (floe) => floe.status({ environment: "dev" })))[0]?.lock,
  ).toMatchObject({ reason: "x" });
});
