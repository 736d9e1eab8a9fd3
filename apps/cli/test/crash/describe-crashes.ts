import { type CrashPoint, crashPoints } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, described, differences, done, lastSuccess, ledgerProblems } from "./judge.ts";
import { go, type Place, type PlaceOptions } from "./place.ts";
import { countTags, plainTags, readStored, type Stored } from "./stored.ts";

/** One interrupted run. */
interface Cut {
  readonly point: CrashPoint;
  /** What it had stored. */
  readonly stored: Stored;
  readonly restore: () => void;
}

const OPTIONS: PlaceOptions = { versions: ["v1.0.0", "v1.1.0", "v1.2.0"] };
// The tests of one place take turns: each brings its own contents back.
const RUN = { timeout: 900_000, concurrent: false };

/**
 * Ends floe at every write of a promotion, a rollback, a lock and a first promotion, and checks what becomes of it.
 * Every step is a process of the built command line.
 */
export function describeCrashes(
  name: string,
  make: (options: PlaceOptions) => Promise<Place>,
): void {
  describe(`a promotion that was killed at any of its writes, ${name}`, RUN, () => {
    const promote = ["promote", "v1.1.0", "--to", "staging"];
    const wanted = { environment: "staging", version: "v1.1.0" };
    let place: Place;
    let clean: Stored;
    let cuts: readonly Cut[];

    beforeAll(async () => {
      place = await make(OPTIONS);
      await prepare(place);
      ({ clean, cuts } = await cutEverywhere(place, promote, "both"));
    }, RUN.timeout);
    afterAll(async () => {
      await place[Symbol.asyncDispose]();
    });

    test("is finished by the same command, and nothing tells the difference", async () => {
      const problems = await rerunAll(place, cuts, clean, promote, wanted, 10);
      expect(problems).toEqual([]);
    });

    test("is closed by reconcile: aborted before its commit point, rolled forward after it", async () => {
      const problems: string[] = [];
      for (const { point, stored, restore } of distinct(cuts)) {
        restore();
        const run = await place.run("platform", "reconcile", "-o", "json");
        const end = await readStored(place);
        const intended = of(stored, "intent", "v1.1.0") === 1;
        const open = intended && of(stored, "outcome", "v1.1.0") === 0;
        const committed = stored.tags["v1.1.0-staging"] !== undefined;
        const note = (problem: string): number =>
          problems.push(`${at(point, "reconcile")}: ${problem}`);
        if (run.code !== 0) note(described(run));
        const expected = open
          ? [{ result: committed ? "succeeded" : "aborted", version: "v1.1.0" }]
          : [];
        const recovered = run.json["recovered"] as readonly Record<string, unknown>[];
        const closed = recovered.map(({ result, version }) => ({ result, version }));
        if (JSON.stringify(closed) !== JSON.stringify(expected))
          note(`recovered ${JSON.stringify(closed)}`);
        if (committed) for (const problem of differences(end, clean, wanted)) note(problem);
        else if (end.tags["v1.1.0-staging"] || end.tags["latest-staging"] !== clean.tags["v1.0.0"])
          note("a tag was moved");
        for (const problem of ledgerProblems(end)) note(problem);
      }
      expect(problems).toEqual([]);
    });

    test("does not stand in the way of another version", async () => {
      const problems: string[] = [];
      for (const { point, stored, restore } of distinct(cuts)) {
        restore();
        const run = await place.run("promote", "v1.2.0", "--to", "staging");
        const end = await readStored(place);
        const note = (problem: string): number =>
          problems.push(`${at(point, "another version")}: ${problem}`);
        if (run.code !== 0) note(described(run));
        const committed = stored.tags["v1.1.0-staging"] !== undefined;
        if ((end.tags["v1.1.0-staging"] !== undefined) !== committed) note("the first was changed");
        if (of(end, "outcome", "v1.1.0") !== of(stored, "intent", "v1.1.0"))
          note("the first is open");
        if (end.tags["latest-staging"] !== end.tags["v1.2.0"]) note("latest is another one");
        if (lastSuccess(end, "staging") !== "v1.2.0") note("the ledger ends with another one");
        for (const problem of ledgerProblems(end)) note(problem);
      }
      expect(problems).toEqual([]);
    });
  });

  describe(`what was killed at any of its writes, ${name}`, RUN, () => {
    test("is a rollback: the same command finishes it", async () => {
      await using place = await make({ ...OPTIONS, versions: ["v1.0.0", "v1.1.0"] });
      for (const version of ["v1.0.0", "v1.1.0"])
        for (const environment of ["dev", "staging"])
          await done(place, "promote", version, "--to", environment);
      const rollback = ["rollback", "--env", "staging", "--reason", "it crashes"];
      const { clean, cuts } = await cutEverywhere(place, rollback);
      const wanted = { environment: "staging", version: "v1.0.0" };
      // After a rollback that was complete there is nothing further back to return to.
      expect(await rerunAll(place, cuts, clean, rollback, wanted, 11)).toEqual([]);
    });

    test("is a lock: the same command locks, and an unlock unlocks", async () => {
      await using place = await make({ versions: ["v1.0.0"] });
      await done(place, "promote", "v1.0.0", "--to", "dev");
      const lock = ["platform", "lock", "--env", "dev", "--reason", "a crash"];
      const { clean, cuts } = await cutEverywhere(place, lock);
      const problems: string[] = [];
      for (const { point, restore } of cuts) {
        restore();
        const note = (problem: string): number => problems.push(`${at(point, "lock")}: ${problem}`);
        const again = await place.run(...lock);
        if (again.code !== 0) note(described(again));
        const refused = await place.run("promote", "v1.0.0", "--to", "dev", "--force");
        if (refused.code !== 13) note(described(refused));
        const unlocked = await place.run("platform", "unlock", "--env", "dev", "--reason", "over");
        if (unlocked.code !== 0) note(described(unlocked));
        const end = await readStored(place);
        for (const problem of ledgerProblems(end)) note(problem);
        if (end.tags["latest-dev"] !== clean.tags["latest-dev"]) note("latest was moved");
      }
      expect(problems).toEqual([]);
    });

    test("is a quarantine: the same command keeps the digest out everywhere, once, with its copy", async () => {
      await using place = await make({ versions: ["v1.0.0"] });
      await done(place, "promote", "v1.0.0", "--to", "dev");
      const quarantine = ["platform", "quarantine", "v1.0.0", "--reason", "a crash"];
      const { clean, cuts } = await cutEverywhere(place, quarantine);
      const problems: string[] = [];
      for (const { point, restore } of cuts) {
        restore();
        const note = (problem: string): number =>
          problems.push(`${at(point, "quarantine")}: ${problem}`);
        const again = await place.run(...quarantine);
        if (again.code !== 0) note(described(again));
        const end = await readStored(place);
        for (const environment of ["dev", "staging"]) {
          const events = end.events[environment] ?? [];
          const count = events.filter(({ kind }) => kind === "quarantine").length;
          if (count !== 1) note(`${environment} has ${count} quarantines`);
        }
        if (countTags(end, "floe-qua.") !== countTags(clean, "floe-qua."))
          note("a copy is missing");
        if (countReferrers(end) !== countReferrers(clean)) note("a copy is not listed");
        for (const problem of ledgerProblems(end)) note(problem);
        const refused = await place.run("promote", "v1.0.0", "--to", "staging");
        if (refused.code !== 13) note(described(refused));
      }
      expect(problems).toEqual([]);
    });

    test("is an adoption: the same command finishes it", async () => {
      await using place = await make({ versions: ["v1.0.0"] });
      const store = place.open();
      const found = await store.getManifest("v1.0.0", go);
      if (!found) throw new Error("v1.0.0 is gone");
      const byHand = { bytes: found.bytes, mediaType: found.descriptor.mediaType };
      await store.moveTag("latest-staging", byHand, go);
      await store[Symbol.asyncDispose]?.();
      const problems: string[] = [];
      // Beside a tag that was made by hand, and where there is none at all.
      for (const environment of ["staging", "dev"]) {
        const adopt = ["platform", "adopt", "v1.0.0", "--env", environment, "--reason", "a crash"];
        const { clean, cuts } = await cutEverywhere(place, adopt);
        for (const { point, restore } of cuts) {
          restore();
          const note = (problem: string): number =>
            problems.push(`${at(point, "adopt")}: ${problem}`);
          const again = await place.run(...adopt);
          if (again.code !== 0) note(described(again));
          const end = await readStored(place);
          const kinds = (end.events[environment] ?? []).map(({ kind }) => kind).join();
          if (kinds.replace("genesis,genesis", "genesis") !== "genesis,adopt") note(kinds);
          if (JSON.stringify(plainTags(end)) !== JSON.stringify(plainTags(clean)))
            note("tags differ");
          for (const problem of ledgerProblems(end)) note(problem);
          const status = await place.run("status", "--env", environment);
          if (status.code !== 0) note(described(status));
        }
      }
      expect(problems).toEqual([]);
    });

    test("is the first promotion ever: the same command makes the ledger and finishes", async () => {
      await using place = await make({ versions: ["v1.0.0"] });
      const promote = ["promote", "v1.0.0", "--to", "dev"];
      const wanted = { environment: "dev", version: "v1.0.0" };
      const { clean, cuts } = await cutEverywhere(place, promote);
      const problems = await rerunAll(place, cuts, clean, promote, wanted, 10);
      expect(problems).toEqual([]);
    });
  });
}

function countReferrers({ quarantines }: Stored): number {
  return Object.values(quarantines).flat().length;
}

async function prepare(place: Place): Promise<void> {
  for (const version of ["v1.0.0", "v1.1.0", "v1.2.0"])
    await done(place, "promote", version, "--to", "dev");
  await done(place, "promote", "v1.0.0", "--to", "staging");
}

/** Runs a command once to its end, and once for every write up to it, each time from the same beginning. */
async function cutEverywhere(
  place: Place,
  command: readonly string[],
  phases: "before" | "both" = "before",
): Promise<{ readonly clean: Stored; readonly cuts: readonly Cut[] }> {
  const begin = place.save();
  const { run, writes } = await place.counted(...command);
  if (run.code !== 0) throw new Error(described(run));
  if (writes === 0) throw new Error(`${command.join(" ")} wrote nothing that can be counted`);
  const clean = await readStored(place);
  const cuts: Cut[] = [];
  for (const point of phases === "both" ? crashPoints(writes) : befores(writes)) {
    begin();
    const cut = await place.killed(point, ...command);
    if (cut.code !== null)
      throw new Error(`${at(point, "nothing")}: it was not: ${described(cut)}`);
    cuts.push({ point, stored: await readStored(place), restore: place.save() });
  }
  begin();
  return { clean, cuts };
}

// Each moment between two writes once, and the one after the last.
function* befores(writes: number): Generator<CrashPoint> {
  for (let at = 1; at <= writes; at += 1) yield { at, phase: "before" };
  yield { at: writes, phase: "after" };
}

/** Runs the same command again after each cut. `finished`: its exit code where the first run had done everything. */
async function rerunAll(
  place: Place,
  cuts: readonly Cut[],
  clean: Stored,
  command: readonly string[],
  wanted: { readonly environment: string; readonly version: string },
  finished: number,
): Promise<string[]> {
  const problems: string[] = [];
  const outcomes = outcomesOf(clean, wanted);
  for (const { point, stored, restore } of cuts) {
    restore();
    const run = await place.run(...command);
    const complete = outcomesOf(stored, wanted) === outcomes;
    if (run.code !== (complete ? finished : 0))
      problems.push(`${at(point, "rerun")}: ${described(run)}`);
    const end = await readStored(place);
    problems.push(
      ...differences(end, clean, wanted).map((text) => `${at(point, "rerun")}: ${text}`),
    );
  }
  return problems;
}

function outcomesOf(
  stored: Stored,
  wanted: { readonly environment: string; readonly version: string },
): number {
  const events = stored.events[wanted.environment] ?? [];
  return events.filter(({ kind, version }) => kind === "outcome" && version === wanted.version)
    .length;
}

function of(stored: Stored, kind: string, version: string): number {
  const events = stored.events["staging"] ?? [];
  return events.filter((event) => event.kind === kind && event.version === version).length;
}

// Before a write and after the one before it the same is stored: once is enough where the point itself is not the test.
function distinct(cuts: readonly Cut[]): Cut[] {
  const keyOf = ({ stored }: Cut): string =>
    [
      countTags(stored, "floe-ev."),
      countTags(stored, "floe-rec."),
      countTags(stored, "floe-vsa."),
      ...Object.entries(stored.tags).filter(([tag]) => !tag.startsWith("floe-")),
      ...Object.values(stored.records).map(({ length }) => length),
    ].join();
  return [...new Map(cuts.map((cut) => [keyOf(cut), cut])).values()];
}
