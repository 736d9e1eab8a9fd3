import type { FaultAction } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { described, differences, done } from "./judge.ts";
import { type RegistryPlace, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

const PROMOTE = ["promote", "v1.1.0", "--to", "staging"];
const WANTED = { environment: "staging", version: "v1.1.0" };

/** Far below what floe's own settings allow: with them one request alone is given up after 3 seconds at the earliest. */
const RETRY = { max_attempts: 2, initial_delay_ms: 50, max_delay_ms: 50, jitter: false };
/** The two attempts of a request, what a run takes besides, and room for a machine that does other things as well. */
const BUDGET_MS = 10_000;

/** A registry that keeps silent is left after 30 seconds for each attempt; 15 more are spent on closing what is open. */
const SILENCE_MS = 45_000;

const GONE: readonly FaultAction[] = [{ kind: "drop" }, { kind: "status", status: 503 }];

async function prepared(retry: Readonly<Record<string, unknown>>): Promise<RegistryPlace> {
  const versions = ["v1.0.0", "v1.1.0"];
  const place = await registryPlace({ versions, resilience: { retry } });
  for (const version of versions) await done(place, "promote", version, "--to", "dev");
  await done(place, "promote", "v1.0.0", "--to", "staging");
  return place;
}

/** Runs the promotion with a registry that fails from a request on, and gives its exit code and how long it took. */
async function cutOff(place: RegistryPlace, after: number, action: FaultAction) {
  place.registry.faults.add({ match: {}, action, after, times: Number.MAX_SAFE_INTEGER });
  const started = performance.now();
  const run = await place.run(...PROMOTE, "-o", "json");
  const took = performance.now() - started;
  place.registry.faults.clear();
  return { run, took };
}

describe("a registry that is gone from some request of a promotion on", {
  timeout: 300_000,
}, () => {
  test("whichever it is: the run ends with 5 in time, and the same command finishes it", async () => {
    await using place = await prepared(RETRY);
    const begin = place.save();
    await done(place, ...PROMOTE);
    const clean = await readStored(place);
    const problems: string[] = [];
    const codes: (number | null)[] = [];
    for (let after = 0; codes.at(-1) !== 0; after += 1) {
      begin();
      const { run, took } = await cutOff(place, after, GONE[after % 2] ?? { kind: "drop" });
      codes.push(run.code);
      const note = (problem: string): number =>
        problems.push(`gone after ${after} requests: ${problem}`);
      if (took > BUDGET_MS) note(`it took ${took} ms`);
      const again = await place.run(...PROMOTE);
      if (again.code !== (run.code === 0 ? 10 : 0))
        note(`${described(run)}, and then ${described(again)}`);
      for (const difference of differences(await readStored(place), clean, WANTED))
        note(difference);
    }
    expect(problems).toEqual([]);
    // An intent that cannot be written has an exit code of its own.
    expect([...new Set(codes)].sort((a, b) => Number(a) - Number(b))).toEqual([0, 5, 15]);
    expect(codes.filter((code) => code === 5).length).toBeGreaterThan(15);
  });

  test("and keeps silent: the run ends with 5 after its attempts, and the same command finishes it", async () => {
    const problems: string[] = [];
    // While it is read, and at the environment's tag. At the same time, since both only wait.
    await Promise.all(
      [1, 16].map(async (after) => {
        await using place = await prepared({ max_attempts: 1 });
        const begin = place.save();
        await done(place, ...PROMOTE);
        const clean = await readStored(place);
        begin();
        const { run, took } = await cutOff(place, after, { kind: "stall" });
        const note = (problem: string): number =>
          problems.push(`silent after ${after} requests: ${problem}`);
        if (run.code !== 5) note(described(run));
        if (took > SILENCE_MS + BUDGET_MS) note(`it took ${took} ms`);
        await done(place, ...PROMOTE);
        for (const difference of differences(await readStored(place), clean, WANTED))
          note(difference);
      }),
    );
    expect(problems).toEqual([]);
  });
});
