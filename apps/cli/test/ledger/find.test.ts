import { expect, test } from "vitest";
import { aSqliteWorld, type SqliteWorld } from "./a-sqlite-world.ts";

const VERSIONS = ["v1.0.0", "v1.1.0", "v1.2.0"];

async function promoted(): Promise<SqliteWorld> {
  const world = await aSqliteWorld();
  for (const version of VERSIONS) {
    await world.publish(version);
    await world.promote(version, "dev");
  }
  return world;
}

/** What a list by each digest says, and what it should say by the whole list. */
async function lists(world: SqliteWorld) {
  return await world.as({}, async (floe) => {
    const all = await floe.history({ environment: "dev" });
    const digests = new Set(all.flatMap(({ digest }) => (digest === null ? [] : [digest])));
    const listed = [];
    for (const digest of digests) listed.push(await floe.history({ environment: "dev", digest }));
    const expected = [...digests].map((wanted) => all.filter(({ digest }) => digest === wanted));
    return { listed, expected };
  });
}

test("a list by digest says what the whole list says of it, by the index, and reads no other event", async () => {
  await using world = await promoted();

  const { listed, expected } = await lists(world);
  expect(listed).toEqual(expected);
  expect(listed.map((events) => events.length)).toEqual([2, 2, 2]);

  // An event that cannot be read is in nobody's way who looks for another one.
  world.past((db) => {
    db.exec("DROP TRIGGER event_is_kept");
    db.prepare(
      "UPDATE event SET bytes = ? WHERE seq = 1 AND chain = (SELECT id FROM chain WHERE name LIKE '%#dev')",
    ).run(Buffer.from("{}"));
  });
  await world.as({}, async (floe) => {
    const [newest] = listed;
    const digest = newest?.[0]?.digest ?? "";
    expect(await floe.history({ environment: "dev", digest })).toEqual(newest);
    await expect(floe.history({ environment: "dev" })).rejects.toMatchObject({ exitCode: 18 });
  });
});

test("an index that hides an event is found by verify, and one that shows too much adds nothing", async () => {
  await using world = await promoted();
  const change = (sql: string) =>
    world.past((db) => {
      db.exec("DROP TRIGGER IF EXISTS label_stays");
      db.exec(sql);
    });

  change(
    "INSERT OR IGNORE INTO label SELECT e.chain, l.name, e.seq FROM event e, label l WHERE l.chain = e.chain",
  );
  const { listed, expected } = await lists(world);
  expect(listed).toEqual(expected);

  change("DELETE FROM label WHERE seq = 1");
  await world.as({}, async (floe) => {
    const [dev] = await floe.audit({ environment: "dev" });
    expect(dev?.verdicts.integrity.verdict).toBe("failed");
    const findings = dev?.verdicts.integrity.findings ?? [];
    expect(findings).toContainEqual(
      expect.objectContaining({
        seq: 1,
        what: expect.stringContaining("the index of the store") as string,
      }),
    );
  });
});
