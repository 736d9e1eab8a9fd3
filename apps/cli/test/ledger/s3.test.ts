import { exitCodeOfReasons } from "@floe/core";
import type { S3Fault, S3Settings } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { anS3World, type S3World } from "./an-s3-world.ts";
import { endOf, expectOneLedger } from "./runs-apart.ts";

const everywhere = ["dev", "staging", "prod"];
const onlyDev = { environments: [{ name: "dev", gates: { policy_compliance: true } }] };
const locked: Partial<S3Settings> = { objectLock: { mode: "COMPLIANCE", days: 30 } };

describe("a ledger in S3, with a plain registry", () => {
  test("carries promotions, a rollback and locks, and is verified", async () => {
    await using world = await anS3World(locked);
    for (const version of ["v1.0.0", "v1.1.0"]) {
      await world.publish(version);
      await world.promote(version, ...everywhere);
    }
    await world.as({}, async (floe) => {
      const environment = "prod";
      expect(await endOf(floe.rollback({ environment, reason: "broken" }))).toBe("done");
      expect(await endOf(floe.lock({ environment, reason: "audit" }))).toBe("done");
    });

    await world.as({}, async (floe) => {
      const board = await floe.status({});
      expect(board.map(({ version, ledger, drift }) => [version, ledger, drift])).toEqual([
        ["v1.1.0", "strong", null],
        ["v1.1.0", "strong", null],
        ["v1.0.0", "strong", null],
      ]);
      expect(await floe.verify({ environment: "prod" })).toMatchObject({ trusted: true });
      for (const { verdicts } of await floe.audit({}))
        expect(verdicts).toMatchObject({
          integrity: { verdict: "ok", notes: [] },
          completeness: { verdict: "ok" },
          authenticity: { verdict: "ok" },
        });
    });
    // The registry holds the beginning of each ledger, and not one of its events.
    const tags = Object.keys(world.store.tags());
    expect(tags.filter((tag) => tag.startsWith("floe-ev."))).toEqual([]);
    expect(tags.filter((tag) => tag.startsWith("floe-ledger."))).toHaveLength(3);
  });

  test("costs a promotion two writes, and two or three reads to find the newest event", async () => {
    await using world = await anS3World();
    for (const version of ["v1.0.0", "v1.1.0"]) await world.publish(version);
    await world.promote("v1.0.0", "dev");
    world.s3.resetRequests();

    await world.promote("v1.1.0", "dev");

    const methods = world.s3.requests.map((request) => request.split(" ")[0]);
    expect(methods.filter((method) => method === "PUT")).toHaveLength(2);
    expect([methods.length, world.s3.requests]).toEqual([
      expect.toSatisfy((count: number) => count <= 6),
      expect.anything(),
    ]);
  });

  test("is one ledger when eight begin it at once, and each of their versions arrives", async () => {
    await using world = await anS3World({}, onlyDev);
    await expectOneLedger(world, 8);
  });

  test.each<[string, Partial<S3Settings>]>([
    ["ignores conditions", { conditions: "ignored" }],
    ["lets two writers win", { conditions: "racy" }],
  ])("is not begun on a server that %s", async (_, settings) => {
    await using world = await anS3World(settings);
    await world.publish("v1.0.0");
    const before = world.store.tags();

    const end = await endOf(world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "dev" })));

    expect(end).toBe("FLOE_LEDGER_UNAVAILABLE 15");
    expect(world.store.tags()).toEqual(before);
  });

  test("is not begun where Object Lock is asked for and the bucket has none", async () => {
    await using world = await anS3World();
    await world.publish("v1.0.0");
    const manifest = await world.remake({
      audit: {
        backend: "s3",
        with: {
          bucket: world.s3.bucket,
          endpoint: world.s3.endpoint,
          credentials_ref: "env:LEDGER_KEYS",
          object_lock: { mode: "compliance", days: 730 },
        },
      },
    });

    const promotion = world.as({ manifest }, (floe) =>
      floe.promote({ version: "v1.0.0", to: "dev" }),
    );

    await expect(promotion).rejects.toMatchObject({
      exitCode: 15,
      message: expect.stringContaining("has no Object Lock") as string,
    });
  });
});

describe("the registry pins where a ledger is:", () => {
  test.each([
    ["another prefix", { prefix: "other/" }],
    ["the registry", null],
  ])("a manifest that leads to %s is refused", async (_, change) => {
    await using world = await anS3World();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const place = { endpoint: world.s3.endpoint, credentials_ref: "env:LEDGER_KEYS" };
    const audit =
      change === null
        ? { backend: "oci" }
        : { backend: "s3", s3_bucket: world.s3.bucket, with: { ...place, ...change } };
    const manifest = await world.remake({ audit });

    const lock = world.as({ manifest }, (floe) => floe.lock({ environment: "dev", reason: "x" }));

    expect(await endOf(lock)).toBe("FLOE_LEDGER_ELSEWHERE 18");
  });

  test("a bucket that was emptied is a missing ledger, and no new one", async () => {
    await using world = await anS3World();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    for (const key of world.keys("dev")) world.s3.remove(key);

    expect(
      await endOf(world.as({}, (floe) => floe.lock({ environment: "dev", reason: "x" }))),
    ).toBe("FLOE_LEDGER_MISSING 18");
  });
});

/** The event in a slot; keys come the newest first. */
const keyOf = (world: S3World, seq: number): string => world.keys("dev").at(-1 - seq) ?? "";

describe.each<[string, Partial<S3Settings>]>([
  ["a bucket without versions", {}],
  ["a bucket with Object Lock", locked],
])("whoever changes %s is found, and the first bad event named:", (_, settings) => {
  test.each<[string, number, (world: S3World) => void]>([
    [
      "an event that was edited",
      3,
      ({ s3, ...world }) => {
        const key = keyOf({ s3, ...world } as S3World, 3);
        const text = Buffer.from(s3.object(key) ?? []).toString("utf8");
        s3.plant(key, Buffer.from(text.replace("application", "applicatiom")));
      },
    ],
    ["an event that was deleted", 3, (world) => world.s3.remove(keyOf(world, 3))],
    [
      "two events that changed places",
      3,
      (world) => {
        const [three, four] = [keyOf(world, 3), keyOf(world, 4)];
        const bytes = [three, four].map((key) => world.s3.object(key) as Uint8Array);
        world.s3.plant(three, bytes[1] as Uint8Array);
        world.s3.plant(four, bytes[0] as Uint8Array);
      },
    ],
    [
      "an event that was put in again behind the newest",
      5,
      (world) => {
        const bytes = world.s3.object(keyOf(world, 3)) as Uint8Array;
        const start = keyOf(world, 3).replace(/[^/]*$/, "");
        world.s3.plant(`${start}999999999994-5`, bytes);
      },
    ],
  ])("%s", async (_name, first, tamper) => {
    await using world = await anS3World(settings, onlyDev);
    for (const version of ["v1.0.0", "v1.1.0"]) await world.publish(version);
    for (const version of ["v1.0.0", "v1.1.0"]) await world.promote(version, "dev");
    expect(world.keys("dev")).toHaveLength(5);
    expect((await world.as({}, (floe) => floe.verify({ environment: "dev" }))).trusted).toBe(true);

    tamper(world);

    const verified = await world.as({}, (floe) => floe.verify({ environment: "dev" }));
    expect([verified.trusted, exitCodeOfReasons(verified.blocking)]).toEqual([false, 18]);
    const [audit] = await world.as({}, (floe) => floe.audit({}));
    const found = Object.values(audit?.verdicts ?? {}).flatMap(({ findings }) => findings);
    expect([first, JSON.stringify(found)]).toEqual([
      Math.min(...found.map(({ seq }) => seq ?? Number.POSITIVE_INFINITY)),
      expect.anything(),
    ]);
  });

  test.each<[string, (world: S3World, old: Parameters<S3World["s3"]["restore"]>[0]) => void]>([
    [
      "the newest operation that was cut off",
      (world) => {
        for (const seq of [3, 4]) world.s3.remove(keyOf(world, 4 + 3 - seq));
      },
    ],
    ["an older copy that was put back", (world, old) => world.s3.restore(old)],
  ])("%s, against a checkpoint", async (_name, tamper) => {
    await using world = await anS3World(settings, onlyDev);
    for (const version of ["v1.0.0", "v1.1.0"]) await world.publish(version);
    await world.promote("v1.0.0", "dev");
    const old = world.s3.snapshot();
    await world.promote("v1.1.0", "dev");
    const [made] = await world.as({}, (floe) => floe.checkpoint({ environment: "dev" }));
    const checkpoints = [{ name: "kept", note: made?.note ?? "" }];

    tamper(world, old);

    const [audit] = await world.as({}, (floe) => floe.audit({ checkpoints }));
    const { anchoring } = audit?.verdicts ?? {};
    expect([anchoring?.verdict, anchoring?.findings[0]?.seq]).toEqual(["failed", 3]);
    // Whoever goes on is stopped by the record of what the tag holds.
    expect(
      await endOf(
        world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "dev", force: true })),
      ),
    ).toMatch(/ 18$/);
  });
});

test("an event that was written over is told from the first version by the bucket itself", async () => {
  await using world = await anS3World(locked, onlyDev);
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const key = keyOf(world, 1);
  // The very same bytes: nothing but the bucket's versions says that somebody was there.
  world.s3.plant(key, world.s3.object(key) as Uint8Array);

  const [audit] = await world.as({}, (floe) => floe.audit({}));

  expect(audit?.verdicts.integrity).toMatchObject({
    verdict: "failed",
    findings: [{ seq: 1, what: expect.stringContaining("2 versions") as string }],
  });
});

test("a bucket that keeps no versions is said to be one by audit verify", async () => {
  await using world = await anS3World({}, onlyDev);
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");

  const [audit] = await world.as({}, (floe) => floe.audit({}));

  expect(audit?.verdicts.integrity).toMatchObject({
    verdict: "ok",
    notes: [expect.stringContaining("keeps no versions") as string],
  });
});

describe("a bucket that takes no event ends a promotion in time, and the registry is as it was:", () => {
  const everyPut = (answer: S3Fault["action"]): S3Fault => ({
    match: ({ method }) => method === "PUT",
    action: answer,
    times: 1000,
  });
  test.each<[string, string, (world: S3World) => void]>([
    ["never answers", "FLOE_LEDGER_UNAVAILABLE 15", ({ s3 }) => s3.configure({ blackHole: true })],
    [
      "is read-only",
      "FLOE_LEDGER_UNAVAILABLE 15",
      ({ s3 }) => s3.configure({ access: "read-only" }),
    ],
    [
      "denies everything",
      "FLOE_LEDGER_UNAVAILABLE 15",
      ({ s3 }) => s3.configure({ access: "none" }),
    ],
    ["is full", "FLOE_LEDGER_UNAVAILABLE 15", ({ s3 }) => s3.configure({ full: true })],
    [
      "is too busy",
      "FLOE_LEDGER_UNAVAILABLE 15",
      ({ s3 }) => s3.addFault(everyPut({ kind: "answer", status: 503, code: "SlowDown" })),
    ],
    [
      "does not know the keys any more",
      "FLOE_LEDGER_UNAUTHENTICATED 14",
      ({ s3 }) => s3.addFault(everyPut({ kind: "answer", status: 400, code: "ExpiredToken" })),
    ],
  ])("it %s", async (_, expected, stop) => {
    await using world = await anS3World();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const before = world.store.tags();
    stop(world);
    const begun = performance.now();

    const end = await endOf(
      world.as({}, (floe) => floe.promote({ version: "v1.0.0", to: "staging" })),
    );

    expect([end, performance.now() - begun < 20_000]).toEqual([expected, true]);
    expect(world.store.tags()).toEqual(before);
    world.s3.configure({ blackHole: false });
  });
});

test("a promotion whose answers are lost ends as if they had come", async () => {
  await using world = await anS3World();
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const lose: S3Fault = {
    match: ({ method }) => method === "PUT",
    action: { kind: "lose-reply" },
    times: 2,
  };
  world.s3.addFault(lose);

  await world.promote("v1.0.0", "dev").catch(() => undefined);
  await world.publish("v1.1.0");
  world.s3.addFault(lose);
  await world.promote("v1.1.0", "dev");

  const history = await world.as({}, (floe) => floe.history({ environment: "dev" }));
  const count = (kind: string) => history.filter((event) => event.kind === kind).length;
  expect([count("intent"), count("outcome")]).toEqual([2, 2]);
});
