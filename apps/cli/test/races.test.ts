import { describe, expect, test } from "vitest";
import { aProject, type Project, type ProjectOptions } from "./bed/a-project.ts";
import type { Run } from "./bed/floe.ts";

const VERSIONS = Array.from({ length: 16 }, (_, index) => `v1.${index}.0`);
const SOME = VERSIONS.slice(0, 8);

/**
 * Where the ledger is kept, for every store that serialises writers: its name, and what its project needs besides. The
 * races below are run on each, so that another store takes a line here and nothing else.
 */
const STORES: readonly [name: string, options: ProjectOptions][] = [
  ["a folder", {}],
  ["SQLite", { audit: { backend: "database", database_url: "sqlite:.floe/ledger.db" } }],
];

async function race(project: Project, commands: readonly (readonly string[])[]): Promise<Run[]> {
  return await Promise.all(commands.map(async (args) => await project.run(...args, "-o", "json")));
}

/** What must hold of a ledger after any race: no gap, one outcome per intent, and tags that say what the ledger says. */
async function checkLedger(project: Project, winners: readonly string[]): Promise<void> {
  const { rows } = await project.done("platform", "history", "--env", "dev", "-o", "json");
  const oldestFirst = [...rows].sort((a, b) => Number(a["seq"]) - Number(b["seq"]));
  expect(oldestFirst.map((row) => row["seq"])).toEqual(rows.map((_, index) => index));
  for (const [index, row] of oldestFirst.entries())
    expect(row["prev"]).toBe(oldestFirst[index - 1]?.["hash"] ?? null);
  const operations = (kind: string): string[] =>
    oldestFirst.filter((row) => row["kind"] === kind).map((row) => String(row["operation"]));
  expect(new Set(operations("intent")).size).toBe(operations("intent").length);
  expect(operations("outcome").sort()).toEqual(operations("intent").sort());
  const succeeded = oldestFirst.filter(
    (row) => row["kind"] === "outcome" && row["result"] === "succeeded",
  );
  expect(succeeded.map((row) => String(row["version"])).sort()).toEqual([...winners].sort());
  const tags = await project.tags();
  expect(tags["latest-dev"]).toBe(succeeded.at(-1)?.["digest"]);
  const environmentTags = Object.keys(tags).filter((tag) => /^v.*-dev$/.test(tag));
  expect(environmentTags).toEqual(winners.map((version) => `${version}-dev`).sort());
  const { rows: board } = await project.done("status", "--env", "dev", "-o", "json");
  expect(board[0]).toMatchObject({ drift: null, open_intents: [], digest: tags["latest-dev"] });
}

describe.each(STORES)(
  "sixteen processes promote to one environment at the same time, its ledger in %s",
  {
    concurrent: false,
  },
  (_, options) => {
    test("different versions: each ends with 0 or 7, and the ledger tells who won", async () => {
      await using project = await aProject({ ...options, versions: VERSIONS });
      const runs = await race(
        project,
        VERSIONS.map((version) => ["promote", version, "--to", "dev"]),
      );
      for (const run of runs) expect([0, 7]).toContain(run.code);
      const winners = VERSIONS.filter((_, index) => runs[index]?.code === 0);
      expect(winners).not.toEqual([]);
      for (const run of runs.filter(({ code }) => code === 7))
        expect(run.json["error"]).toMatchObject({ code: "FLOE_PROMOTION_BUSY" });
      await checkLedger(project, winners);
    });

    test("the same version: exactly one ends with 0, the others with 7 or 10", async () => {
      await using project = await aProject({ ...options, versions: ["v1.0.0"] });
      const runs = await race(
        project,
        VERSIONS.map(() => ["promote", "v1.0.0", "--to", "dev"]),
      );
      const codes = runs.map((run) => run.code).sort((a, b) => Number(a) - Number(b));
      expect(codes[0]).toBe(0);
      expect(codes).toHaveLength(VERSIONS.length);
      for (const code of codes.slice(1)) expect([7, 10]).toContain(code);
      await checkLedger(project, ["v1.0.0"]);
    });

    test("with --wait all of eight succeed, one after the other", async () => {
      await using project = await aProject({ ...options, versions: SOME });
      const runs = await race(
        project,
        SOME.map((version) => ["promote", version, "--to", "dev", "--wait", "60s"]),
      );
      expect(runs.map((run) => run.code)).toEqual(SOME.map(() => 0));
      await checkLedger(project, SOME);
    });
  },
);

test("rollbacks and promotions at the same time leave one story", {
  concurrent: false,
}, async () => {
  await using project = await aProject({ versions: VERSIONS.slice(0, 5) });
  await project.promote("v1.0.0", "dev");
  await project.promote("v1.1.0", "dev");
  const runs = await race(project, [
    ["rollback", "--env", "dev", "--reason", "one"],
    ["promote", "v1.2.0", "--to", "dev"],
    ["rollback", "--env", "dev", "--reason", "two"],
    ["promote", "v1.3.0", "--to", "dev"],
    ["platform", "lock", "--env", "dev", "--reason", "stop"],
  ]);
  for (const run of runs) expect([0, 7, 11, 13]).toContain(run.code);
  expect(runs[4]?.code).toBe(0);
  const { rows } = await project.done("status", "--env", "dev", "-o", "json");
  expect(rows[0]).toMatchObject({ drift: null, open_intents: [], lock: { reason: "stop" } });
  const history = await project.done("platform", "history", "--env", "dev", "-o", "json");
  const operations = (kind: string): string[] =>
    history.rows.filter((row) => row["kind"] === kind).map((row) => String(row["operation"]));
  expect(operations("outcome").sort()).toEqual(operations("intent").sort());
});
