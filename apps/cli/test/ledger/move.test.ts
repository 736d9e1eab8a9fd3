import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type LedgerAudit, type Manifest, verifyAuditBundle } from "@floe/core";
import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import s3 from "@floe/plugin-audit-s3";
import sqlite from "@floe/plugin-audit-sqlite";
import { createVerifier } from "@floe/signing";
import { type MemoryStore, startS3 } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WorldOptions } from "../review/a-world.ts";
import { aSqliteWorld, type SqliteWorld } from "./a-sqlite-world.ts";
import { endOf } from "./runs-apart.ts";

const program = fileURLToPath(
  new URL("../../../../packages/audit-verifier/bin/floe-audit-verify.js", import.meta.url),
);

const REGISTRY = { backend: "oci" };
const FILE = { backend: "database" };
const BACK = { backend: "oci", previous: [FILE] };

/** A server of buckets for tests that leave it as it is: they run at the same time. */
let server: Awaited<ReturnType<typeof startS3>>;
const PLUGINS = [sqlite as FloePlugin, s3 as FloePlugin];
let buckets = 0;
beforeAll(async () => {
  server = await startS3({});
});
afterAll(async () => await server[Symbol.asyncDispose]());

/** A place in the bucket that nobody has used. */
function aBucket({ endpoint, bucket } = server): Place {
  buckets += 1;
  const place = { endpoint, credentials_ref: "env:LEDGER_KEYS", prefix: `ledgers-${buckets}/` };
  return { backend: "s3", s3_bucket: bucket, with: place };
}

const secretOf = ({ accessKeyId, secretAccessKey }: typeof server): string =>
  `${accessKeyId}:${secretAccessKey}`;

/** A project whose ledgers have begun in one place, and the manifest that names another. */
async function aWorldThatMoves(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
  options: WorldOptions = {},
): Promise<{ readonly world: SqliteWorld; readonly next: Manifest }> {
  const world = await aSqliteWorld({
    audit: from,
    plugins: PLUGINS,
    secret: secretOf(server),
    ...options,
  });
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging");
  }
  await world.as({}, (floe) => floe.lock({ environment: "staging", reason: "audit" }));
  return { world, next: await world.remake({ audit: to }) };
}

async function words(world: SqliteWorld, manifest: Manifest, environment = "staging") {
  return await world.as({ manifest }, async (floe) => {
    const [audit] = await floe.audit({ environment });
    const { integrity, completeness, anchoring, authenticity } = audit?.verdicts ?? {};
    return {
      events: audit?.events,
      said: [integrity, completeness, authenticity, anchoring].map((one) => one?.verdict),
      why: [integrity, completeness, authenticity, anchoring].map((one) => one?.summary),
    };
  });
}

type Place = Readonly<Record<string, unknown>> & { readonly backend: string };

const always =
  (place: Place): (() => Place) =>
  () =>
    place;
/** The manifest of a place that names the one before. */
const after =
  (place: Place) =>
  (before: Place): Place => ({ ...place, previous: [before] });

const ways = [
  ["a plain registry", "SQLite", always(REGISTRY), always(FILE), "compare-then-put"],
  ["a registry that serialises", "SQLite", always(REGISTRY), always(FILE), "atomic"],
  ["SQLite", "a plain registry", always(FILE), after(REGISTRY), "compare-then-put"],
  ["SQLite", "a registry that serialises", always(FILE), after(REGISTRY), "atomic"],
  ["a plain registry", "S3", always(REGISTRY), () => aBucket(), "compare-then-put"],
  ["S3", "a plain registry", () => aBucket(), after(REGISTRY), "compare-then-put"],
  ["S3", "SQLite", () => aBucket(), after(FILE), "compare-then-put"],
  ["SQLite", "S3", always(FILE), (before: Place) => after(aBucket())(before), "atomic"],
] as const;

/** Ways on which every kind of place is left and reached once. */
const DYING = [3, 4, 6] as const;

describe("floe audit move", () => {
  test.each(ways)(
    "lets ledgers go on from %s to %s, with all they had",
    async (_, __, begins, goesOn, tagCreation) => {
      const from = begins();
      const to = goesOn(from);
      const { world, next } = await aWorldThatMoves(from, to, { tagCreation });
      await using _world = world;
      await world.as({}, (floe) => floe.checkpoint({}));
      const before = await world.as({}, (floe) => floe.history({ environment: "staging" }));

      const moved = await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
      const again = await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));

      expect(moved.map(({ status, events }) => [status, events])).toEqual([
        ["moved", 5],
        ["moved", 6],
        ["none", 0],
      ]);
      expect(again.map(({ status }) => status)).toEqual(["already", "already", "none"]);
      await world.as({ manifest: next }, async (floe) => {
        const [row] = await floe.status({ environment: "staging" });
        expect(row).toMatchObject({ version: "v1.1.0", drift: null, lock: { reason: "audit" } });
        // What it refused before it refuses now, and what it knows of its past it goes back to.
        const locked = await endOf(floe.rollback({ environment: "staging", reason: "x" }));
        expect(locked).toMatch(/LOCKED/);
        await floe.unlock({ environment: "staging", reason: "over" });
        expect(await endOf(floe.rollback({ environment: "staging", reason: "broken" }))).toBe(
          "done",
        );
        const after = await floe.history({ environment: "staging" });
        expect(after.filter(({ hash }) => before.some((one) => one.hash === hash))).toEqual(before);
        expect(after.map(({ seq }) => seq)).toEqual(after.map((_, at) => after.length - 1 - at));
        expect(await floe.verify({ environment: "staging" })).toMatchObject({ trusted: true });
        expect(await floe.drift({})).toEqual([]);
        await floe.checkpoint({});
      });
      const { said, why, events } = await words(world, next);
      expect([said, why]).toEqual([["ok", "ok", "ok", "ok"], why]);
      // The beginning there, the unlocking, the rollback's intent and outcome; the refusal is an event as well.
      expect(events).toBe(11);
      expect(await words(world, next, "dev")).toMatchObject({ said: ["ok", "ok", "ok", "ok"] });
      // Whoever has the old manifest, or points elsewhere, gets nowhere.
      const third = await world.remake({ audit: { ...FILE, database_url: "sqlite:other.db" } });
      for (const manifest of [world.manifest, third])
        expect(
          await endOf(
            world.as({ manifest }, (floe) => floe.promote({ version: "v1.0.0", to: "dev" })),
          ),
        ).toBe("FLOE_LEDGER_ELSEWHERE 18");
    },
  );

  test("goes on by the same command when it dies at any of its writes", async () => {
    for (const way of DYING) {
      const [, , begins, goesOn, tagCreation] = ways[way];
      let complete = false;
      for (let at = 1; !complete; at += 1) {
        const from = begins();
        const to = goesOn(from);
        const clock = killer(at);
        const gates = { policy_compliance: true };
        await using world = await aSqliteWorld({
          audit: from,
          tagCreation,
          plugins: clock.plugins,
          secret: secretOf(server),
          environments: ["dev", "staging"].map((name) => ({ name, gates })),
        });
        for (const environment of ["dev", "staging"])
          await world.as({}, (floe) => floe.lock({ environment, reason: "audit" }));
        const next = await world.remake({ audit: to });
        clock.arm();
        const store = clock.mortal(world.store);
        const first = await endOf(
          world.as({ store }, async (floe) => {
            await floe.moveLedgers({ to: next.audit });
            return { kind: "done" };
          }),
        );
        complete = clock.writes() < at;
        clock.disarm();
        const where = `${from.backend} to ${to.backend}, ${tagCreation}: write ${at}: ${first}`;
        // Until it is finished nobody is let in twice: at most one of the manifests works for an environment.
        const works = [];
        for (const manifest of [world.manifest, next]) {
          const end = await endOf(
            world.as({ manifest }, (floe) => floe.unlock({ environment: "staging", reason: "x" })),
          );
          if (end === "done") works.push(manifest);
          else expect([where, end]).toEqual([where, "FLOE_LEDGER_ELSEWHERE 18"]);
        }
        expect([where, works.length]).toEqual([where, expect.toBeOneOf([0, 1])]);

        const moved = await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));

        expect([where, moved.map(({ status }) => status)]).toEqual([
          where,
          [expect.stringMatching(/moved|already/), expect.stringMatching(/moved|already/)],
        ]);
        for (const environment of ["dev", "staging"]) {
          const { said, why } = await words(world, next, environment);
          expect([where, said, why]).toEqual([where, ["ok", "ok", "ok", "not_checked"], why]);
        }
      }
    }
  });

  test("is refused while an operation is open, for who may not act there, and of a ledger that was changed", async () => {
    await using world = await aSqliteWorld({ audit: REGISTRY });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    const next = await world.remake({ audit: FILE });
    const move = (as = {}) =>
      endOf(
        world.as(as, async (floe) => {
          await floe.moveLedgers({ to: next.audit });
          return { kind: "done" };
        }),
      );
    expect(await move({ who: "bob" })).toBe("FLOE_NOT_AUTHORIZED 12");
    // Somebody dies after the intent; the tag of the environment is the first write behind it.
    let died = false;
    const dying = world.store.reopen({
      onWrite: (_, { target }) => {
        died ||= target === "v1.0.0-prod";
        if (died) throw new Error("killed");
      },
    });
    await endOf(
      world.as({ store: dying, runsOn: "dead" }, (floe) =>
        floe.promote({ version: "v1.0.0", to: "prod" }),
      ),
    );
    expect(await move()).toBe("FLOE_PROMOTION_BUSY 7");
    const ended = await world.as({}, (floe) => floe.reconcile({ environment: "prod" }));
    expect(ended.recovered).toHaveLength(1);
    const [, second] = await world.events("staging");
    await world.store.deleteTag(second?.tag ?? "", { signal: new AbortController().signal });
    expect(await move()).toBe("FLOE_LEDGER_EVENT_INVALID 18");
    // Nothing was moved, not even what comes before it.
    expect(await words(world, world.manifest, "dev")).toMatchObject({ events: 3 });
  });

  test("leaves of two who write at the same time neither without effect, and of two who move one way", async () => {
    for (const tagCreation of ["compare-then-put", "atomic"] as const) {
      const { world, next } = await aWorldThatMoves(REGISTRY, FILE, { tagCreation });
      await using _world = world;
      await world.as({}, (floe) => floe.unlock({ environment: "staging", reason: "x" }));
      const ends = await Promise.all([
        endOf(world.as({}, (floe) => floe.lock({ environment: "dev", reason: "race" }))),
        endOf(world.as({}, (floe) => floe.promote({ version: "v1.1.0", to: "prod" }))),
        ...["alice", "release"].map((who) =>
          endOf(
            world.as({ who }, async (floe) => {
              await floe.moveLedgers({ to: next.audit });
              return { kind: "done" };
            }),
          ),
        ),
      ]);
      for (const end of ends)
        expect(end).toMatch(
          /^(?:done|FLOE_PROMOTION_BUSY 7|FLOE_LEDGER_ELSEWHERE 18|FLOE_TAG_MOVED 18)/,
        );

      await world.as({}, (floe) => floe.reconcile({})).catch(() => undefined);
      await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));

      await world.as({ manifest: next }, async (floe) => {
        const board = await floe.status({});
        expect([ends, board[0]?.lock !== null]).toEqual([ends, ends[0] === "done"]);
        expect([ends, board[2]?.version ?? null]).toEqual([
          ends,
          ends[1] === "done" ? "v1.1.0" : null,
        ]);
      });
      for (const environment of ["dev", "staging"])
        expect(await words(world, next, environment)).toMatchObject({
          said: ["ok", "ok", "ok", "not_checked"],
        });
    }
  });

  test("goes there and back, and the places between are read as long as they are named", async () => {
    const { world, next } = await aWorldThatMoves(REGISTRY, FILE, {
      tagCreation: "compare-then-put",
    });
    await using _world = world;
    const back = await world.remake({ audit: BACK });
    const blind = await world.remake({ audit: REGISTRY });
    await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
    await world.as({ manifest: next }, (floe) =>
      floe.unlock({ environment: "staging", reason: "x" }),
    );
    await world.as({ manifest: next }, (floe) => floe.moveLedgers({ to: back.audit }));
    await world.as({ manifest: back }, (floe) =>
      floe.lock({ environment: "staging", reason: "y" }),
    );

    expect(await words(world, back)).toMatchObject({ said: ["ok", "ok", "ok", "not_checked"] });
    // Without the file nothing stands still, and nothing that was not seen is ok.
    await world.as({ manifest: blind }, async (floe) => {
      await floe.unlock({ environment: "staging", reason: "z" });
      expect(await floe.history({ environment: "staging", limit: 2 })).toHaveLength(2);
      expect(await endOf(floe.history({ environment: "staging" }).then(() => ({})))).toBe(
        "FLOE_LEDGER_PAST_UNNAMED 2",
      );
      expect(await endOf(floe.checkpoint({ environment: "staging" }).then(() => ({})))).toBe(
        "FLOE_LEDGER_PAST_UNNAMED 2",
      );
    });
    const unseen = await words(world, blind);
    expect(unseen.said).toEqual(Array(4).fill("not_checked"));
    expect(unseen.why[0]).toContain(
      "events before the ledger was moved are in sqlite (sqlite:.floe/audit.db), and the manifest does not say how to read it",
    );
    // Once again to the file, in which it was before.
    const again = await world.as({ manifest: back }, (floe) =>
      floe.moveLedgers({ to: next.audit }),
    );
    expect(again.map(({ status }) => status)).toEqual(["moved", "moved", "none"]);
    const { said, why } = await words(world, next);
    expect([said, why]).toEqual([["ok", "ok", "ok", "not_checked"], why]);
    // Auditors get it whole, and both verifiers say the same of it.
    const { lines } = await world.as({ manifest: next }, (floe) => floe.bundleLedgers({}));
    const file = `${world.database}.bundle`;
    writeFileSync(file, `${lines.join("\n")}\n`);
    const key = `${world.database}.pub`;
    writeFileSync(key, world.publicKeys["release"] ?? "");
    const trusted = [
      { method: "key" as const, name: "release", publicKey: world.publicKeys["release"] ?? "" },
    ];
    const chunks = [readFileSync(file)];
    const audits = await verifyAuditBundle({ name: file, chunks, trusted }, createVerifier());
    const free = ["--allow-unchecked", "anchoring", "--key", key, "--json", file];
    const ran = spawnSync(process.execPath, [program, ...free], { encoding: "utf8" });
    for (const answers of [audits, JSON.parse(ran.stdout) as LedgerAudit[]])
      expect(
        answers.map(({ verdicts: { integrity, completeness, authenticity } }) =>
          [integrity, completeness, authenticity].map(({ verdict, summary }) => [verdict, summary]),
        ),
      ).toEqual(answers.map(() => Array(3).fill(["ok", expect.any(String)])));
    expect([ran.status, audits.map(({ events }) => events)]).toEqual([0, [8, 12]]);
  });

  test("says of a place that cannot be asked why nothing that was there is ok, and goes on", async () => {
    await using own = await startS3({});
    const place = aBucket(own);
    const file = { ...FILE, previous: [place] };
    const { world, next } = await aWorldThatMoves(place, file, {
      tagCreation: "atomic",
      secret: secretOf(own),
    });
    await using _world = world;
    await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
    const again = await world.remake({ audit: { backend: "oci", previous: [place, FILE] } });
    await world.as({ manifest: next }, (floe) => floe.moveLedgers({ to: again.audit }));
    const whole = { said: ["ok", "ok", "ok", "not_checked"], events: 8 };
    expect(await words(world, again)).toMatchObject(whole);
    own.configure({ access: "none" });
    try {
      const unseen = await words(world, again);
      expect(unseen.said).toEqual(Array(4).fill("not_checked"));
      for (const why of unseen.why) {
        expect(why).toContain("the 6 events before the ledger was moved are in s3 (s3:");
        expect(why).toContain("which cannot be asked: ");
        expect(why).toContain("AccessDenied");
      }
      await world.as({ manifest: again }, async (floe) => {
        await floe.unlock({ environment: "staging", reason: "over" });
        expect(await floe.history({ environment: "staging", limit: 3 })).toHaveLength(3);
        const [made] = (await floe.bundleLedgers({ environment: "staging" })).left;
        expect(made).toContain(
          "6 events of staging from before the ledger was moved: they are in s3",
        );
        for (const read of [
          () => floe.history({ environment: "staging" }),
          () => floe.checkpoint({ environment: "staging" }),
        ])
          expect(await endOf(read().then(() => ({})))).toBe("FLOE_LEDGER_UNAVAILABLE 15");
      });
    } finally {
      own.configure({ access: "all" });
    }
    expect(await words(world, again)).toMatchObject({ ...whole, events: 9 });
  });

  test("what a store has noticed by itself is told of the places before as well", async () => {
    await using own = await startS3({});
    const place = aBucket(own);
    const file = { ...FILE, previous: [place] };
    const { world, next } = await aWorldThatMoves(place, file, {
      tagCreation: "atomic",
      secret: secretOf(own),
    });
    await using _world = world;
    own.configure({ versioning: true });
    try {
      await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
      expect(await words(world, next)).toMatchObject({ said: ["ok", "ok", "ok", "not_checked"] });
      const { prefix } = place["with"] as { readonly prefix: string };
      const keys = own.keys(prefix).filter((key) => key.includes("_23staging/"));
      const first = keys.at(-1) ?? "";
      // The same bytes once more: what is read is as it was, and the bucket knows that somebody was there.
      own.plant(first, own.object(first) ?? new Uint8Array());
      const { said, why } = await words(world, next);
      expect([said[0], why[0]]).toEqual(["failed", expect.stringMatching(/^event 0: /)]);
    } finally {
      own.configure({ versioning: false });
    }
  });

  test("what somebody changes in either place afterwards is found", async () => {
    const { world, next } = await aWorldThatMoves(FILE, BACK, { tagCreation: "compare-then-put" });
    await using _world = world;
    await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
    await world.as({ manifest: next }, (floe) =>
      floe.unlock({ environment: "staging", reason: "x" }),
    );
    const copy = `${world.database}.copy`;
    world.copyTo(copy);
    const drop = "DROP TRIGGER event_stays; DROP TRIGGER event_is_kept;";
    const chain = "(SELECT id FROM chain WHERE name LIKE '%#staging')";
    const cases: readonly (readonly [string, () => Promise<void> | void, number | null])[] = [
      [
        "the end of the old place is cut off",
        () =>
          world.past(
            (db) => void db.exec(`${drop} DELETE FROM event WHERE chain = ${chain} AND seq = 6`),
          ),
        6,
      ],
      [
        "two ends are cut off",
        () =>
          world.past(
            (db) => void db.exec(`${drop} DELETE FROM event WHERE chain = ${chain} AND seq >= 5`),
          ),
        5,
      ],
      [
        "an event of the old place is edited",
        () =>
          world.past(
            (db) =>
              void db.exec(
                `${drop} UPDATE event SET bytes = CAST(replace(CAST(bytes AS TEXT), '"', ' "') AS BLOB) WHERE chain = ${chain} AND seq = 2`,
              ),
          ),
        2,
      ],
      ["the old place is gone", () => rmSync(world.database), 0],
    ];
    for (const [what, tamper, seq] of cases) {
      await tamper();
      await world.as({ manifest: next }, async (floe) => {
        const [audit] = await floe.audit({ environment: "staging" });
        const findings = Object.values(audit?.verdicts ?? {}).flatMap(({ findings: all }) => all);
        const first = findings
          .flatMap((one) => (one.seq === null ? [] : [one.seq]))
          .sort((a, b) => a - b)[0];
        expect([what, findings.length > 0, first ?? null]).toEqual([what, true, seq]);
      });
      world.restore(copy);
    }
    // Whoever sets the pin back gets the old manifest refused all the same: the old place says that it ended.
    const [first] = (await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }))).slice(1);
    expect(first?.status).toBe("already");
    expect(await words(world, next)).toMatchObject({ said: ["ok", "ok", "ok", "not_checked"] });
  });
});

/** Ends everything behind one of the writes to the registry or to a store that come after `arm`. */
function killer(at: number) {
  let [writes, dead, armed] = [0, false, false];
  const enter = (): void => {
    if (!armed) return;
    if (dead) throw new Error("killed");
    writes += 1;
  };
  const leave = (): void => {
    if (!armed) return;
    dead ||= writes === at;
    if (dead) throw new Error("killed");
  };
  const mortalProvider = (provider: AuditBackendProvider): AuditBackendProvider => ({
    ...provider,
    async open(config, options) {
      const backend = await provider.open(config, options);
      const claim: AuditBackend["claim"] = async (chain, ...call) => {
        // Of the race before a ledger is begun each claim is like the other.
        if (chain.startsWith("floe-probe/")) return await backend.claim(chain, ...call);
        enter();
        const answer = await backend.claim(chain, ...call);
        leave();
        return answer;
      };
      return Object.create(backend, { claim: { value: claim } }) as AuditBackend;
    },
  });
  return {
    plugins: PLUGINS.map((plugin) => ({
      ...plugin,
      auditBackends: (plugin.auditBackends ?? []).map(mortalProvider),
    })),
    mortal: (store: MemoryStore) => store.reopen({ onWrite: enter, afterWrite: leave }),
    writes: () => writes,
    arm: () => {
      armed = true;
    },
    disarm: () => {
      armed = false;
    },
  };
}
