import type { Floe, OperationOutcome, ReconcileOutcome } from "@floe/core";
import { isFloeError } from "@floe/core/errors";
import { describe, expect, test } from "vitest";
import { type Composed, compose } from "../../src/compose.ts";
import { holdWrite } from "./hold-write.ts";
import { done } from "./judge.ts";
import { go, type Place, REPOSITORY } from "./place.ts";
import { type RaceTrack, raceProblems, raceTrack, shuffleRequests, VERSIONS } from "./race.ts";
import { readStored } from "./stored.ts";

const silent = { debug() {}, info() {}, warn() {}, progress() {} };
const ROUNDS = 8;
const options = { timeout: 600_000, concurrent: false };

/** A floe of this very process: many of them meet at the registry far more often than processes do. */
async function open({ dir }: Pick<Place, "dir">): Promise<Composed> {
  return await compose({
    manifestPath: `${dir}/manifest.yaml`,
    registry: undefined,
    key: undefined,
    writes: true,
    installed: [],
    env: {},
    cwd: dir,
    version: "0.0.0",
    logger: silent,
    ...go,
  });
}

async function using<Result>(
  track: RaceTrack,
  use: (floe: Floe) => Promise<Result>,
): Promise<Result> {
  await using composed = await open(track);
  return await use(composed.floe);
}

/** How a run ended, in one word: `done`, or the codes of what blocked it. */
async function ending(run: Promise<OperationOutcome | ReconcileOutcome>): Promise<string> {
  try {
    const outcome = await run;
    if ("kind" in outcome && outcome.kind !== "blocked") return outcome.kind;
    return [...new Set(outcome.blocking.map(({ code }) => code))].join() || "done";
  } catch (error) {
    return isFloeError(error) ? `${error.code}: ${error.message}` : String(error);
  }
}

async function problemsOf(track: RaceTrack, promoted: readonly string[]): Promise<string[]> {
  const read = () => using(track, (floe) => floe.history({ environment: "dev" }, go));
  const [row] = await using(track, (floe) => floe.status({ environment: "dev" }, go));
  const said = {
    promoted,
    current: row?.digest,
    drift: row?.drift,
    histories: [await read(), await read()],
  };
  const open = row && row.openIntents.length > 0 ? ["an intent is open"] : [];
  return [...open, ...(await raceProblems(track, "dev", said))];
}

describe("clients whose requests meet in any order on a plain registry", options, () => {
  test.for([
    { name: "begin its ledger", first: null, waitMs: 0 },
    { name: "find a ledger", first: "v0.9.0", waitMs: 0 },
    { name: "wait for each other", first: null, waitMs: 120_000 },
  ])("lose nothing and agree when they $name", async ({ first, waitMs }) => {
    await using track = await raceTrack(first === null ? {} : { versions: [first, ...VERSIONS] });
    if (first !== null) await done(track, "promote", first, "--to", "dev");
    const begin = track.save();
    const problems: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      begin();
      shuffleRequests(track);
      const endings = await Promise.all(
        VERSIONS.map((version) =>
          using(track, (floe) => ending(floe.promote({ version, to: "dev", waitMs }, go))),
        ),
      );
      track.registry.faults.clear();
      const allowed = waitMs > 0 ? ["done"] : ["done", "FLOE_PROMOTION_BUSY"];
      const promoted = VERSIONS.filter((_, index) => endings[index] === "done");
      const found = [
        ...endings.filter((end) => !allowed.includes(end)),
        ...(await problemsOf(track, first === null ? promoted : [first, ...promoted])),
      ];
      problems.push(...found.map((problem) => `round ${round}: ${problem}`));
    }
    expect(problems).toEqual([]);
  });

  test("agree on a ledger whose pin was overwritten after others had gone by it", async () => {
    await using track = await raceTrack();
    const empty = track.save();
    const pin = (): string | undefined => track.registry.tags(REPOSITORY)["floe-ledger.dev"];
    let overwritten = 0;
    // Whether the late one pins its own beginning or the other depends on their hashes: a coin is thrown.
    for (let round = 1; overwritten === 0 && round <= 20; round += 1) {
      empty();
      const promote = (version: string): Promise<string> =>
        using(track, (floe) => ending(floe.promote({ version, to: "dev", waitMs: 60_000 }, go)));
      const beginning = holdWrite(track, /floe-ev\.dev\.0{12}-/, 1);
      const late = promote("v1.0.0");
      await beginning.reached;
      const [pinned, overwriting] = [1, 2].map((nth) => holdWrite(track, /floe-ledger\.dev$/, nth));
      const early = promote("v1.1.0");
      await pinned?.reached;
      beginning.letGo();
      await overwriting?.reached;
      // Now both have seen that there is no pin, and are about to write it.
      pinned?.letGo();
      expect([await early, await promote("v1.2.0")]).toEqual(["done", "done"]);
      const before = pin();
      overwriting?.letGo();
      expect(await late).toBe("done");
      if (pin() !== before) overwritten += 1;
      expect(await problemsOf(track, ["v1.0.0", "v1.1.0", "v1.2.0"])).toEqual([]);
    }
    expect(overwritten).toBe(1);
  });

  test("end well both, when one has done the last step of the other", async () => {
    await using track = await raceTrack({ versions: ["v1.0.0"] });
    const { registry } = track;
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    registry.faults.add({
      match: ({ path }) => {
        if (!path.endsWith("/manifests/latest-dev")) return false;
        if (!("v1.0.0-dev" in registry.tags(REPOSITORY))) return false;
        reached.resolve();
        return true;
      },
      action: { kind: "hold", until: released.promise },
    });
    const promote = () =>
      using(track, (floe) => ending(floe.promote({ version: "v1.0.0", to: "dev" }, go)));
    // Committed, and about to look where latest-dev is.
    const slow = promote();
    await reached.promise;
    // So slow that its lease is over.
    registry.configure({ now: () => new Date(Date.now() + 3_600_000) });
    expect(await promote()).toBe("done");
    released.resolve();
    expect(await slow).toBe("done");
    expect(await problemsOf(track, ["v1.0.0"])).toEqual([]);
  });

  test("leave an interrupted promotion to who has taken it over since they found it", async () => {
    await using track = await raceTrack({ versions: ["v0.9.0", "v1.0.0"] });
    await done(track, "promote", "v0.9.0", "--to", "dev");
    await track.killed({ at: 4, phase: "before" }, "promote", "v1.0.0", "--to", "dev");
    const { registry } = track;
    const promote = () =>
      using(track, (floe) => ending(floe.promote({ version: "v1.0.0", to: "dev" }, go)));
    const found = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    let lists = 0;
    registry.faults.add({
      match: ({ path }) => {
        if (!path.endsWith("/tags/list")) return false;
        lists += 1;
        if (lists !== 2) return false;
        found.resolve();
        return true;
      },
      action: { kind: "hold", until: released.promise },
    });
    // It has found that nobody is at work any more, and is about to take over.
    const late = promote();
    await found.promise;
    const committed = holdWrite(track, /v1\.0\.0-dev$/, 1);
    const early = promote();
    await committed.reached;
    released.resolve();
    expect(await late).toBe("FLOE_PROMOTION_BUSY");
    committed.letGo();
    expect(await early).toBe("done");
    expect(await problemsOf(track, ["v0.9.0", "v1.0.0"])).toEqual([]);
  });

  test("finish an interrupted promotion once, however many try to", async () => {
    await using track = await raceTrack({ versions: ["v1.0.0", "v1.1.0"] });
    const begin = track.save();
    const { writes } = await track.counted("promote", "v1.0.0", "--to", "dev");
    const problems: string[] = [];
    for (let at = 3; at <= writes; at += 1) {
      begin();
      await track.killed({ at, phase: "before" }, "promote", "v1.0.0", "--to", "dev");
      const restore = track.save();
      for (let round = 1; round <= 3; round += 1) {
        restore();
        shuffleRequests(track);
        const promote = (version: string) => (floe: Floe) =>
          floe.promote({ version, to: "dev", waitMs: round === 1 ? 0 : 60_000 }, go);
        const reconcile = (floe: Floe) => floe.reconcile({ environment: "dev" }, go);
        const clients = [
          promote("v1.0.0"),
          promote("v1.0.0"),
          promote("v1.1.0"),
          reconcile,
          reconcile,
        ];
        const endings = await Promise.all(
          clients.map((client) => using(track, (floe) => ending(client(floe)))),
        );
        track.registry.faults.clear();
        const allowed = /^(?:done|(?:FLOE_TARGET_TAG_EXISTS|FLOE_PROMOTION_BUSY|,)+)$/;
        const { tags } = await readStored(track);
        const promoted = ["v1.0.0", "v1.1.0"].filter((version) => tags[`${version}-dev`]);
        const found = [
          ...endings.filter((end) => !allowed.test(end)),
          ...(await problemsOf(track, promoted)),
        ];
        problems.push(...found.map((problem) => `before write ${at}, round ${round}: ${problem}`));
      }
    }
    expect(problems).toEqual([]);
  });
});
