import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readBundle, readPublicKey, verifyBundle } from "@floe/audit-verifier";
import type { Floe, PruneArchive } from "@floe/core";
import { verifyAuditBundle } from "@floe/core";
import { canonicalJson, digestOf } from "@floe/core/model";
import type { AuditBackend } from "@floe/core/plugin";
import { createVerifier } from "@floe/signing";
import type { MemoryStore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { archiveFile } from "../../src/files/archive-file.ts";
import type { World } from "../review/a-world.ts";
import { aSqliteWorld } from "./a-sqlite-world.ts";
import { anS3World } from "./an-s3-world.ts";
import { endOf, type RunsApart } from "./runs-apart.ts";

const call = { signal: new AbortController().signal };
const YEARS = 365.25 * 86_400_000;

const PLACES = [
  ["a registry that serialises", { backend: "oci" }, "atomic"],
  ["a plain registry", { backend: "oci" }, "compare-then-put"],
  ["SQLite", { backend: "database" }, "compare-then-put"],
  ["S3", { backend: "s3" }, "compare-then-put"],
] as const;

type OldWorld = World & RunsApart & { openLedger(): Promise<AuditBackend> };

/** A file that is only in memory. */
function anArchive(): PruneArchive & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    async write(written) {
      lines.push(...written);
    },
    async *read() {
      yield Buffer.from(lines.map((line) => `${line}\n`).join(""));
    },
  };
}

/** Ledgers of 2022 and of 2026, and the clock by which they were written. */
async function anOldWorld(
  audit: Readonly<Record<string, unknown>>,
  tagCreation: "atomic" | "compare-then-put",
): Promise<{ readonly world: OldWorld; readonly clock: { now: number } }> {
  const clock = { now: Date.parse("2022-03-01T10:00:00Z") };
  const tick = (): Date => {
    clock.now += 1000;
    return new Date(clock.now);
  };
  const options = { audit: { ...audit, retention: "730d" }, tagCreation, now: tick };
  const world =
    audit["backend"] === "s3" ? await anS3World({}, options) : await aSqliteWorld(options);
  for (const version of ["v1.0.0", "v1.1.0", "v1.2.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging");
    await world.as({}, async (floe) => {
      await floe.lock({ environment: "staging", reason: `after ${version}` });
      await floe.unlock({ environment: "staging", reason: "over" });
    });
  }
  await world.as({}, (floe) => floe.rollback({ environment: "staging", reason: "broken" }));
  clock.now += 4.5 * YEARS;
  for (const version of ["v2.0.0", "v2.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging");
  }
  return { world, clock };
}

async function verdicts(world: OldWorld, environment = "staging") {
  return await world.as({}, async (floe) => {
    const [audit] = await floe.audit({ environment });
    const { integrity, completeness, anchoring, authenticity } = audit?.verdicts ?? {};
    const all = [integrity, completeness, anchoring, authenticity];
    return {
      said: all.map((one) => one?.verdict),
      why: all.map((one) => one?.summary),
      notes: integrity?.notes ?? [],
      audit,
    };
  });
}

const OK = ["ok", "ok", "ok", "ok"];

describe.each(PLACES)("floe audit prune of ledgers in %s", (_, audit, tagCreation) => {
  test("removes what is older than the retention and leaves a ledger that verifies", async () => {
    const { world, clock } = await anOldWorld(audit, tagCreation);
    await using _world = world;
    const ask = { archive: null, dryRun: true } as const;
    const noCheckpoint = await endOf(world.as({}, (floe) => floe.pruneLedgers(ask) as never));
    await world.as({}, (floe) => floe.checkpoint({}));
    const before = await world.as({}, (floe) => floe.history({ environment: "staging" }));
    const archive = anArchive();

    const planned = await world.as({}, (floe) => floe.pruneLedgers(ask));
    const untouched = await world.as({}, (floe) => floe.history({ environment: "staging" }));
    const unnamed = await endOf(
      world.as({}, (floe) => floe.pruneLedgers({ archive: null }) as never),
    );
    const done = await world.as({}, (floe) => floe.pruneLedgers({ archive }));

    expect([noCheckpoint, unnamed]).toEqual(Array(2).fill("FLOE_LEDGER_PRUNE_REFUSED 2"));
    expect(untouched).toEqual(before);
    expect(planned.map(({ status, removed }) => [status, removed])).toEqual(
      done.map(({ removed }) => ["planned", removed]),
    );
    expect(done.map(({ environment, status }) => [environment, status])).toEqual([
      ["dev", "pruned"],
      ["staging", "pruned"],
    ]);
    // The genesis, three promotions of two events, six locks, the rollback's two: 15; then the intent of v2.0.0.
    expect(done[1]).toMatchObject({ removed: 15, kept: { seq: 15 }, covered: 19 });
    const after = await world.as({}, (floe) => floe.history({ environment: "staging" }));
    expect(after.map(({ seq, kind }) => [seq, kind])).toEqual([
      [19, "prune"],
      ...before.slice(0, 4).map(({ seq, kind }) => [seq, kind]),
    ]);
    const { said, why, notes, audit: live } = await verdicts(world);
    expect([said, why]).toEqual([OK, why]);
    expect(notes[0]).toContain("the 15 events before event 15 were pruned by release at");
    expect(live?.pruned).toMatchObject({ seq: 15, events: 15, archive: done[1]?.archive });
    expect(await verdicts(world, "dev")).toMatchObject({ said: OK });
    // The archive has everything, and verifies by itself.
    const bundled = await verifyAuditBundle(
      { name: "archive", chunks: archive.read(), environment: "staging" },
      createVerifier(),
    );
    expect(bundled[0]).toMatchObject({ events: 19, head: { hash: before[0]?.hash } });
    expect(bundled[0]?.verdicts).toMatchObject({
      integrity: { verdict: "ok" },
      completeness: { verdict: "ok" },
      anchoring: { verdict: "not_checked" },
    });

    // Life goes on, by what is left.
    await world.as({}, async (floe) => {
      expect(await floe.drift({})).toEqual([]);
      expect(await floe.verify({ environment: "staging" })).toMatchObject({ trusted: true });
      expect(await endOf(floe.rollback({ environment: "staging", reason: "back" }))).toBe("done");
      const [row] = await floe.status({ environment: "staging" });
      expect(row).toMatchObject({ version: "v2.0.0", drift: null });
      const then = endOf(
        floe.status({ environment: "staging", at: new Date("2023-01-01") }) as never,
      );
      expect(await then).toMatch(/answered|FLOE_LEDGER_PRUNED/);
      await floe.checkpoint({});
    });
    expect(await verdicts(world)).toMatchObject({ said: OK });

    // A record says of which version it is: it explains no other tag that somebody puts on the same artifact.
    const { store } = world;
    const old = await store.getManifest("v1.0.0-staging", call);
    if (!old) throw new Error("it is not there");
    const { mediaType } = old.descriptor;
    await store.createTag("v9.9.9-staging", { bytes: old.bytes, mediaType }, call);
    expect(await world.as({}, (floe) => floe.drift({}))).toMatchObject([
      { tag: "v9.9.9-staging", kind: "unknown" },
    ]);
    await store.deleteTag("v9.9.9-staging", call);

    // And years later once more.
    clock.now += 3 * YEARS;
    await world.publish("v3.0.0");
    await world.publish("v3.1.0");
    await world.promote("v3.0.0", "dev", "staging");
    await world.promote("v3.1.0", "dev", "staging");
    await world.as({}, (floe) => floe.checkpoint({}));
    const again = await world.as({}, (floe) =>
      floe.pruneLedgers({ archive: anArchive(), environment: "staging" }),
    );
    expect(again).toMatchObject([{ status: "pruned", removed: 7 }]);
    expect(await verdicts(world)).toMatchObject({ said: OK });
    expect(await world.as({}, (floe) => floe.drift({}))).toEqual([]);
    await world.as({}, async (floe) => {
      const third = await floe.pruneLedgers({ archive: null, environment: "staging" });
      expect(third.find(({ environment }) => environment === "staging")).toMatchObject({
        ...{ status: "nothing", removed: 0 },
      });
    });
  });

  test("is finished by the same command when it dies at any of its writes", async () => {
    const { world } = await anOldWorld(audit, tagCreation);
    await using _world = world;
    await world.as({}, (floe) => floe.checkpoint({}));
    const removed: string[] = [];
    for (let deaths = 1, over = false; !over; deaths += 1) {
      const killer = killedAt(deaths);
      const ledger =
        audit.backend === "oci" ? {} : { ledger: killer.over(await world.openLedger()) };
      const first = await endOf(
        world.as(
          { store: killer.inside(world.store), ...ledger },
          (floe) => floe.pruneLedgers({ archive: anArchive(), environment: "staging" }) as never,
        ),
      );
      over = killer.writes() < deaths;
      removed.push(first);
      // Whatever has happened by then: it is a ledger that verifies, and people can go on.
      const { said, why } = await verdicts(world);
      expect([deaths, first, said, why]).toEqual([deaths, first, OK, why]);
    }

    const end = await world.as({}, (floe) =>
      floe.pruneLedgers({ archive: null, environment: "staging" }),
    );
    expect(removed.at(-1)).toBe("answered");
    expect(end).toMatchObject([{ status: "nothing", removed: 0 }]);
    const { notes, audit: live } = await verdicts(world);
    expect(live).toMatchObject({ events: 5, pruned: { seq: 15 } });
    expect(notes.filter((note) => note.includes("still stored"))).toEqual([]);
    await world.publish("v2.2.0");
    await world.promote("v2.2.0", "dev", "staging");
  });
});

describe("floe audit prune", () => {
  const audit = { backend: "oci" };
  const tagCreation = "compare-then-put";

  test("keeps what something rests on, and says what", async () => {
    const clock = { now: Date.parse("2022-03-01T10:00:00Z") };
    const now = (): Date => {
      clock.now += 1000;
      return new Date(clock.now);
    };
    const prod = { name: "staging", approvals: { required: 1, from_groups: ["approvers"] } };
    await using world = await aSqliteWorld({
      ...{ tagCreation, now, audit: { ...audit, retention: "730d" } },
      environments: [{ name: "dev" }, prod],
      groups: { approvers: ["release", "alice"] },
    });
    for (const version of ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"]) {
      await world.publish(version);
      await world.promote(version, "dev");
    }
    await world.as({ who: "alice" }, (floe) =>
      floe.deny({ version: "v1.1.0", environment: "staging", reason: "no" }),
    );
    await world.as({ who: "release" }, (floe) =>
      floe.approve({ version: "v1.2.0", environment: "staging" }),
    );
    await world.as({ who: "alice" }, (floe) => floe.promote({ version: "v1.2.0", to: "staging" }));
    clock.now += 4 * YEARS;
    await world.as({}, (floe) => floe.checkpoint({}));

    const plans = await world.as({}, (floe) => floe.pruneLedgers({ archive: null, dryRun: true }));

    expect(plans.map(({ environment, status, removed }) => [environment, status, removed])).toEqual(
      [
        // v1.2.0 came there by events 5 and 6, v1.3.0 by 7 and 8; v1.0.0 and v1.1.0 go.
        ["dev", "planned", 5],
        ["staging", "nothing", 0],
      ],
    );
    expect(plans[0]?.needed[0]).toEqual({ seq: 5, why: "v1.2.0 runs in staging" });
    expect(plans[1]?.needed[0]).toMatchObject({ why: "the denial of v1.1.0 by alice stands" });
  });

  test("is not done by whoever may not act there, of what is younger, or without a retention", async () => {
    const { world } = await anOldWorld(audit, tagCreation);
    await using _world = world;
    await world.as({}, (floe) => floe.checkpoint({}));
    const keepsAll = await world.remake({ audit });
    const tries = [
      [{ who: "bob" }, {}, "FLOE_NOT_AUTHORIZED 12"],
      [{}, { before: new Date("2026-06-01") }, "FLOE_LEDGER_PRUNE_REFUSED 2"],
      [{ manifest: keepsAll }, {}, "FLOE_LEDGER_PRUNE_REFUSED 2"],
    ] as const;
    for (const [who, more, code] of tries)
      expect(
        await endOf(
          world.as(who, (floe) => floe.pruneLedgers({ archive: anArchive(), ...more }) as never),
        ),
      ).toBe(code);
    const short = world.remake({ audit: { ...audit, retention: "90d" } });
    await expect(short).rejects.toMatchObject({ code: "FLOE_MANIFEST_INVALID" });
    const file = join(dirname(world.manifest.path), "kept.bundle");
    writeFileSync(file, "of before");
    const over = { archive: archiveFile(file), environment: "staging" };
    expect(await endOf(world.as({}, (floe) => floe.pruneLedgers(over) as never))).toBe(
      "FLOE_OUTPUT_FAILED 2",
    );
    expect(readFileSync(file, "utf8")).toBe("of before");
    // An archive that does not come back as it was written is none.
    const broken = { ...anArchive(), async *read() {} };
    expect(
      await endOf(world.as({}, (floe) => floe.pruneLedgers({ archive: broken }) as never)),
    ).toMatch(/^FLOE_AUDIT_BUNDLE_INVALID/);
    expect((await verdicts(world)).audit).toMatchObject({ events: 19, pruned: null });
    const whole = { ...over, archive: archiveFile(`${file}.2`) };
    const [done] = await world.as({}, (floe) => floe.pruneLedgers(whole));
    const bytes = readFileSync(`${file}.2`);
    expect(done?.archive).toEqual({ size: bytes.byteLength, digest: digestOf(bytes) });
  });

  test("prunes a place that a ledger was moved from whole, which the manifest need not name any more", async () => {
    const { world, clock } = await anOldWorld({ backend: "database" }, tagCreation);
    await using _world = world;
    const previous = [{ backend: "database" }];
    const back = await world.remake({ audit: { ...audit, previous, retention: "730d" } });
    await world.as({}, (floe) => floe.moveLedgers({ to: back.audit }));
    const as = <Result>(work: (floe: Floe) => Promise<Result>): Promise<Result> =>
      world.as({ manifest: back }, work);
    for (const version of ["v3.0.0", "v3.1.0"]) {
      await world.publish(version);
      await as(async (floe) => {
        for (const to of ["dev", "staging"]) await floe.promote({ version, to });
      });
    }
    // What ran when the ledger was moved is needed no more, and everything of then is old.
    clock.now += 3 * YEARS;
    for (const version of ["v4.0.0", "v4.1.0"]) {
      await world.publish(version);
      await as(async (floe) => {
        for (const to of ["dev", "staging"]) await floe.promote({ version, to });
      });
    }
    await as((floe) => floe.checkpoint({}));

    const [, done] = await as((floe) => floe.pruneLedgers({ archive: anArchive() }));

    expect(done).toMatchObject({ environment: "staging", status: "pruned", removed: 24 });
    const forgotten = await world.remake({ audit: { ...audit, retention: "730d" } });
    await world.as({ manifest: forgotten }, async (floe) => {
      const audits = await floe.audit({});
      expect(
        audits.flatMap(({ verdicts: all }) => Object.values(all).map(({ verdict }) => verdict)),
      ).toEqual([...OK, ...OK, ...Array<string>(4).fill("not_checked")]);
      expect(await floe.drift({})).toEqual([]);
      expect(await endOf(floe.rollback({ environment: "staging", reason: "back" }))).toBe("done");
      const { lines } = await floe.bundleLedgers({ environment: "staging" });
      const [verifier, said] = await bothOf(world, lines);
      expect(verifier).toEqual(said);
      expect(said?.said.map(([, verdict]) => verdict)).toEqual(OK);
    });
  });
});

test("of a ledger that was moved what is left of the place before is verified with how it ended there", async () => {
  const { world } = await anOldWorld({ backend: "database" }, "atomic");
  await using _world = world;
  const previous = [{ backend: "database" }];
  const back = await world.remake({ audit: { backend: "oci", previous, retention: "730d" } });
  await world.as({}, (floe) => floe.moveLedgers({ to: back.audit }));
  await world.as({ manifest: back }, async (floe) => {
    await floe.lock({ environment: "staging", reason: "audit" });
    await floe.checkpoint({});

    const [, done] = await floe.pruneLedgers({ archive: anArchive() });

    expect(done).toMatchObject({ environment: "staging", removed: 15, kept: { seq: 15 } });
    const [, audit] = await floe.audit({});
    expect(Object.values(audit?.verdicts ?? {}).map(({ verdict }) => verdict)).toEqual(OK);
    expect(audit?.verdicts.integrity.notes).toContainEqual(
      expect.stringMatching(/^events 0 to 18 are in sqlite .* ends with the move of/),
    );
    const { lines } = await floe.bundleLedgers({ environment: "staging" });
    const answers = await bothOf(world, lines);
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[1]?.said.map(([, verdict]) => verdict)).toEqual(OK);
    // Without the end it is no longer told from one that somebody has begun behind it.
    const [verifier, said] = await bothOf(
      world,
      without(lines, ({ type }) => type === "behind"),
    );
    expect(verifier).toEqual(said);
    expect(said?.said.map(([, verdict]) => verdict)).toEqual(["ok", "failed", "ok", "ok"]);
  });
});

/** What both verifiers say of a bundle, without the words. */
async function bothOf(world: OldWorld, lines: readonly string[]) {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const key = readPublicKey(world.publicKeys["release"] ?? "");
  if (!key) throw new Error("it is no key");
  const trusted = new Map([[key.id, { name: "release", key }]]);
  const publicKey = world.publicKeys["release"] ?? "";
  const signers = [{ method: "key" as const, name: "release", publicKey }];
  const floe = await verifyAuditBundle(
    { name: "it", chunks: [bytes], trusted: signers },
    createVerifier(),
  );
  return [verifyBundle(readBundle([bytes]), { trusted }), floe].map(([only]) => {
    const { verdicts, ...about } = only ?? {};
    const said = Object.entries(verdicts ?? {}).map(([question, { verdict, findings }]) => [
      question,
      verdict,
      findings.map(({ seq, code }) => `${seq} ${code}`).sort(),
    ]);
    return { ...about, said };
  });
}

interface Line {
  readonly type: string;
  readonly environment?: string;
  readonly seq?: number;
  bytes?: string;
  lines?: number;
}

// A bundle without some of its lines, rightly counted.
function without(lines: readonly string[], isGone: (line: Line) => boolean): string[] {
  const left = lines.map((line) => JSON.parse(line) as Line).filter((line) => !isGone(line));
  return left.map((line) =>
    canonicalJson(line.type === "end" ? { ...line, lines: left.length - 1 } : line),
  );
}

test.each(["atomic", "compare-then-put"] as const)(
  "the bundle of a pruned ledger is verified offline, and what is taken out of it is missed (%s)",
  async (tagCreation) => {
    const { world } = await anOldWorld({ backend: "oci" }, tagCreation);
    await using _world = world;
    await world.as({}, async (floe) => {
      await floe.checkpoint({});
      await floe.pruneLedgers({ archive: anArchive() });
      await floe.checkpoint({});
    });
    const { lines } = await world.as({}, (floe) => floe.bundleLedgers({ environment: "staging" }));
    const isEvent = (seq: number) => (line: Line) => line.type === "event" && line.seq === seq;

    const [verifier, floe] = await bothOf(world, lines);
    expect(verifier).toEqual(floe);
    expect(floe).toMatchObject({
      ...{ events: 5, pruned: { seq: 15, events: 15 } },
      said: [
        ["integrity", "ok", []],
        ["completeness", "ok", []],
        ["anchoring", "ok", []],
        ["authenticity", "ok", []],
      ],
    });
    // The genesis, the event that it begins with, one in the middle, the pruning itself.
    for (const seq of [0, 15, 17, 19]) {
      const cut = await bothOf(world, without(lines, isEvent(seq)));
      expect([seq, cut[0]]).toEqual([seq, cut[1]]);
      const failed = cut[1]?.said.filter(([, verdict]) => verdict === "failed");
      expect([seq, failed?.length]).not.toEqual([seq, 0]);
    }
  },
);

/** Whoever can push can delete, and put up the sign that says how much was removed. */
describe("a registry's events that are removed without a signed pruning", () => {
  test.each(["atomic", "compare-then-put"] as const)("are missed (%s)", async (tagCreation) => {
    const { world } = await anOldWorld({ backend: "oci" }, tagCreation);
    await using _world = world;
    const { store } = world;
    const tags = (await store.listTags(call)).filter((tag) => tag.startsWith("floe-ev.staging."));
    const slotOf = (tag: string): number =>
      Number(tag.slice("floe-ev.staging.".length).slice(0, 12));
    const kept = tags.find((tag) => slotOf(tag) === 15) ?? "";
    const manifest = await store.getManifest(kept, call);
    if (!manifest) throw new Error("it is not there");
    const { mediaType } = manifest.descriptor;
    const sign = "floe-ev.staging.pruned-000000000015-15";
    await store.createTag(sign, { bytes: manifest.bytes, mediaType }, call);
    for (const tag of tags.filter((one) => slotOf(one) > 0 && slotOf(one) < 15))
      await store.deleteTag(tag, call);

    const acting = await endOf(
      world.as({}, (floe) => floe.lock({ environment: "staging", reason: "x" }) as never),
    );
    const { said, why } = await verdicts(world);

    expect(acting).toBe("FLOE_LEDGER_EVENT_INVALID 18");
    expect([said.slice(0, 2), why[1]]).toEqual([
      ["failed", "failed"],
      expect.stringContaining("it is missing, and"),
    ]);
  });
});

/** What kills a run at its Nth write, right after it took effect. */
function killedAt(at: number) {
  let writes = 0;
  const enter = (): void => {
    if (writes >= at) throw new Error("killed");
    writes += 1;
  };
  const leave = (): void => {
    if (writes >= at) throw new Error("killed");
  };
  return {
    writes: () => writes,
    inside: (store: MemoryStore) => store.reopen({ onWrite: enter, afterWrite: leave }),
    over(backend: AuditBackend): AuditBackend {
      const claim: AuditBackend["claim"] = async (...call) => {
        enter();
        const answer = await backend.claim(...call);
        leave();
        return answer;
      };
      const prune: AuditBackend["prune"] = async (...call) => {
        enter();
        await backend.prune?.(...call);
        leave();
      };
      return Object.create(backend, {
        claim: { value: claim },
        prune: { value: prune },
      }) as AuditBackend;
    },
  };
}
