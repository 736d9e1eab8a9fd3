import { describe, expect, test } from "vitest";
import { described } from "./judge.ts";
import { raceProblems, raceTrack, VERSIONS } from "./race.ts";

/** Lets six processes promote six versions to dev. */
async function race(wait: readonly string[]) {
  await using track = await raceTrack();
  const runs = await Promise.all(
    VERSIONS.map((version) => track.run("promote", version, "--to", "dev", ...wait)),
  );
  const [row] = (await track.run("status", "--env", "dev", "-o", "json")).rows;
  const read = async () =>
    (await track.run("platform", "history", "--env", "dev", "-o", "json")).rows;
  const said = {
    promoted: VERSIONS.filter((_, index) => runs[index]?.code === 0),
    current: row?.["digest"],
    drift: row?.["drift"],
    histories: await Promise.all([read(), read()]),
  };
  const problems = runs.flatMap((run, index) =>
    run.code === 0 || run.code === 7 ? [] : [`${VERSIONS[index]}: ${described(run)}`],
  );
  return { said, problems: [...problems, ...(await raceProblems(track, "dev", said))] };
}

// One after the other: six processes are as many as should start at once.
const options = { timeout: 600_000, concurrent: false };

describe(
  "six processes that promote six versions to one environment of a plain registry",
  options,
  () => {
    test.for([1, 2, 3])(
      "lose nothing and agree, while they also begin its ledger (round %i)",
      async () => {
        const { problems, said } = await race([]);
        expect(problems).toEqual([]);
        expect(said.promoted).not.toEqual([]);
      },
    );

    test("all get through, one after the other, when they wait", async () => {
      const { problems, said } = await race(["--wait", "5m"]);
      expect(problems).toEqual([]);
      expect(said.promoted).toEqual(VERSIONS);
    });
  },
);
