import { join } from "node:path";
import { type CrashPoint, crashEnv } from "@floe/testing";
import { expect, test } from "vitest";
import { type LedgerProject, ledgerProject } from "./support/ledger-project.ts";
import { answersOf, manifestFor, type Place } from "./support/move-through.ts";
import { type PostgresStore, postgresStore } from "./support/postgres-store.ts";
import { runFloe } from "./support/run-floe.ts";

const REGISTRY: Place = { backend: "oci" };

const inDatabase = ({ schema }: PostgresStore): Place => ({
  backend: "postgres",
  with: { url_ref: "env:AUDIT_URL", schema },
});

/** A project that has promoted once, with its ledger in a folder. */
async function aProject(store: PostgresStore, signal: AbortSignal): Promise<LedgerProject> {
  const env = { AUDIT_URL: store.url };
  const versions = ["v1.0.0", "v1.1.0"];
  const audit = { backend: "oci" };
  const project = await ledgerProject({ audit, versions, registry: "folder", env, signal });
  await project.done("promote", "v1.0.0", "--to", "dev");
  return project;
}

// Of each write to the registry; what is between two of them is at most one write to the database.
const moments: readonly CrashPoint[] = [
  { at: 1, phase: "before" },
  ...[1, 2, 3].map((at) => ({ at, phase: "after" as const })),
];

test("a ledger that is moved to PostgreSQL and back goes on by the same command when it is killed at any write", async ({
  signal,
}) => {
  await using store = await postgresStore();
  await using project = await aProject(store, signal);
  const { folder } = project;
  let events = 3;
  for (const moment of moments)
    for (const place of [inDatabase(store), REGISTRY]) {
      const use = manifestFor(project, place);
      const crash = crashEnv({ dir: join(folder, "registry"), ...moment });
      const env = { AUDIT_URL: store.url, ...crash };
      const args = ["audit", "move", "--to", "new.yaml"];
      const { exitCode } = await runFloe(args, { cwd: folder, signal, env });
      expect([moment, place, exitCode]).toEqual([moment, place, null]);
      await project.done(...args);
      use();
      events += 1;
      expect([moment, place, await answersOf(project, "dev")]).toEqual([
        moment,
        place,
        `0: ok ok ok not_checked, ${events} events`,
      ]);
    }
  await project.done("promote", "v1.1.0", "--to", "dev");
  await project.done("rollback", "--env", "dev", "--reason", "broken");
  expect(await answersOf(project, "dev")).toBe(`0: ok ok ok not_checked, ${events + 4} events`);
});

test("the end of a ledger in PostgreSQL is written once, whether the answer or the question was lost", async ({
  signal,
}) => {
  await using store = await postgresStore();
  await using project = await aProject(store, signal);
  manifestFor(project, inDatabase(store));
  await project.done("audit", "move", "--to", "new.yaml");
  manifestFor(project, inDatabase(store))();
  const use = manifestFor(project, REGISTRY);
  store.proxy.cutBeforeNext();
  const cut = await project.json("audit", "move", "--to", "new.yaml");
  expect(cut).toMatchObject({ code: 15, said: { error: { code: "FLOE_LEDGER_UNAVAILABLE" } } });
  store.proxy.loseNextReply();
  await project.done("audit", "move", "--to", "new.yaml");
  use();
  expect(await answersOf(project, "dev")).toBe("0: ok ok ok not_checked, 5 events");
  const ends = await store.past(
    `SELECT seq FROM ${store.schema}.event WHERE chain NOT LIKE 'floe-probe/%' ORDER BY seq`,
  );
  expect(ends.map(({ seq }) => Number(seq))).toEqual([0, 1]);
});
