import { describe, expect, test } from "vitest";
import { described, done, lastSuccess, ledgerProblems } from "./judge.ts";
import { REPOSITORY, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

const VERSIONS = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.0"];
const ROUNDS = 4;

async function racers() {
  const place = await registryPlace({
    versions: ["v0.9.0", ...VERSIONS],
    settings: { referrers: false, tagList: "unsorted" },
  });
  const written = new Map<string, string>();
  place.registry.configure({
    onWrite({ phase, path }) {
      const tag = path.slice(path.lastIndexOf("/") + 1);
      if (phase === "after" && tag.startsWith("floe-ev."))
        written.set(tag, place.registry.tags(REPOSITORY)[tag] ?? "");
    },
  });
  return { place, written };
}

async function race(
  { place, written }: Awaited<ReturnType<typeof racers>>,
  wait: readonly string[],
): Promise<{ problems: string[]; codes: (number | null)[] }> {
  written.clear();
  const before = Object.keys(place.registry.tags(REPOSITORY)).filter((tag) =>
    tag.startsWith("floe-ev."),
  );
  const runs = await Promise.all(
    VERSIONS.map((version) => place.run("promote", version, "--to", "dev", ...wait)),
  );
  const problems = runs.flatMap((run, index) =>
    run.code === 0 || run.code === 7 ? [] : [`${VERSIONS[index]}: ${described(run)}`],
  );
  const stored = await readStored(place);
  const events = stored.events["dev"] ?? [];
  for (const [tag, digest] of written)
    if (stored.tags[tag] !== digest)
      problems.push(`${tag} was ${digest} and is ${stored.tags[tag]}`);
  if (events.length !== written.size + before.length) problems.push("events appeared otherwise");
  problems.push(...ledgerProblems(stored));
  for (const [index, run] of runs.entries()) {
    const outcomes = events.filter(
      ({ kind, result, version }) =>
        kind === "outcome" && result === "succeeded" && version === VERSIONS[index],
    );
    if (outcomes.length !== (run.code === 0 ? 1 : 0))
      problems.push(
        `${VERSIONS[index]} ended with ${run.code} and has ${outcomes.length} outcomes that succeeded`,
      );
    const tag = stored.tags[`${VERSIONS[index]}-dev`];
    if ((tag !== undefined) !== (run.code === 0))
      problems.push(`${VERSIONS[index]} ended with ${run.code}, its tag holds ${tag}`);
  }
  const [status] = (await place.run("status", "--env", "dev", "-o", "json")).rows;
  const [one, two] = await Promise.all(
    [0, 1].map(
      async () => (await place.run("platform", "history", "--env", "dev", "-o", "json")).rows,
    ),
  );
  if (JSON.stringify(one) !== JSON.stringify(two)) problems.push("two readers see two histories");
  if (status?.["drift"] !== null) problems.push(`drift: ${JSON.stringify(status)}`);
  if (status?.["digest"] !== stored.tags["latest-dev"])
    problems.push(`status is ${JSON.stringify(status)}`);
  const last = lastSuccess(stored, "dev");
  if (last !== null && stored.tags["latest-dev"] !== stored.tags[last])
    problems.push(`latest is not ${last}`);
  return { problems, codes: runs.map(({ code }) => code) };
}

describe("six processes promote six versions to one environment of a plain registry", {
  timeout: 900_000,
  concurrent: false,
}, () => {
  for (let n = 1; n <= ROUNDS; n += 1) {
    test("with a ledger", async () => {
      const bed = await racers();
      await using place = bed.place;
      await done(place, "promote", "v0.9.0", "--to", "dev");
      const result = await race(bed, []);
      console.log(result.codes);
      expect(result.problems).toEqual([]);
    });
    test("while there is no ledger yet", async () => {
      const bed = await racers();
      await using _ = bed.place;
      const result = await race(bed, []);
      console.log(result.codes);
      expect(result.problems).toEqual([]);
    });
    test("waiting", async () => {
      const bed = await racers();
      await using _ = bed.place;
      const result = await race(bed, ["--wait", "2m"]);
      console.log(result.codes);
      expect(result.problems).toEqual([]);
      expect(result.codes).toEqual([0, 0, 0, 0, 0, 0]);
    });
  }
});
