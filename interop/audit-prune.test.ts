import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLayoutStore } from "@floe/oci";
import { peer, type RunResult, run } from "@floe/testing";
import { expect, test } from "vitest";
import { type LedgerProject, ledgerProject } from "./support/ledger-project.ts";
import { postgresStore } from "./support/postgres-store.ts";
import { runFloe } from "./support/run-floe.ts";

const FOUR_YEARS = 4 * 365.25 * 86_400_000;
const SCRIPT = fileURLToPath(
  new URL("../examples/verify-without-floe/verify-ledger.sh", import.meta.url),
);
const CLOCK = new URL("./support/clock-of-the-past.mjs", import.meta.url).href;

const OLD = ["v1.0.0", "v1.1.0"];
const NEW = ["v2.0.0", "v2.1.0"];

/** Ten events of `dev`: the first five are four years old. */
async function promoteThenAndNow(
  project: LedgerProject,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const past = { ...env, NODE_OPTIONS: `--import=${CLOCK}`, CLOCK_BEHIND_MS: String(FOUR_YEARS) };
  for (const version of OLD) {
    const args = ["promote", version, "--to", "dev"];
    const { exitCode, stderr } = await runFloe(args, { cwd: project.folder, signal, env: past });
    expect([exitCode, stderr.includes("error")]).toEqual([0, false]);
  }
  for (const version of NEW) await project.done("promote", version, "--to", "dev");
  await project.done("audit", "checkpoint");
}

test("what is left of a pruned ledger is checked without floe, and what was removed unsaid is missed", async ({
  signal,
}) => {
  const audit = { backend: "oci", retention: "730d" };
  const versions = [...OLD, ...NEW];
  await using project = await ledgerProject({ audit, versions, registry: "folder", signal });
  await promoteThenAndNow(project, {}, signal);
  await project.done("audit", "prune", "--archive", "old.bundle");
  const PATH = `${dirname(peer("oras"))}:${process.env["PATH"] ?? ""}`;
  const check = async (): Promise<RunResult> =>
    await run("sh", [SCRIPT, "registry", "dev", "keys/release.pub"], {
      ...{ cwd: project.folder, signal, env: { PATH, ORAS_FLAGS: "--oci-layout" } },
    });

  const checked = await check();
  const store = createLayoutStore({ path: join(project.folder, "registry"), create: false });
  await store.deleteTag("floe-ev.dev.000000000009", { signal });
  const unsaid = await check();

  expect([checked.exitCode, checked.stderr]).toEqual([0, ""]);
  expect(checked.stdout.split("\n").map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "0 genesis",
    ...["5 intent", "6 outcome", "7 intent", "8 outcome", "9 prune"],
    "",
  ]);
  expect([unsaid.exitCode, unsaid.stderr]).toEqual([
    1,
    expect.stringContaining("events before 5 were removed, and nobody has signed that"),
  ]);
});

test("a ledger in PostgreSQL is pruned by whoever owns its tables, and by nobody else", async ({
  signal,
}) => {
  await using store = await postgresStore();
  const env = { AUDIT_URL: store.url };
  const { schema, role } = store;
  const audit = {
    backend: "postgres",
    with: { url_ref: "env:AUDIT_URL", schema },
    retention: "730d",
  };
  await using project = await ledgerProject({
    audit,
    versions: [...OLD, ...NEW],
    registry: "folder",
    env,
    signal,
  });
  await promoteThenAndNow(project, env, signal);
  const stored = async (): Promise<number[]> => {
    const sql = `SELECT seq FROM ${schema}.event WHERE chain LIKE '%#dev' ORDER BY seq`;
    return (await store.past(sql)).map(({ seq }) => Number(seq));
  };
  // As the guide does it: the writer may add events and nothing else.
  const tables = ["event", "pruning"].map((name) => `${schema}.${name}`);
  for (const table of tables)
    await store.past(
      `ALTER TABLE ${table} OWNER TO CURRENT_USER; REVOKE ALL ON ${table} FROM ${role}; GRANT SELECT ON ${table} TO ${role}`,
    );
  await store.past(`GRANT INSERT ON ${schema}.event TO ${role}`);

  const denied = await project.json("audit", "prune", "--archive", "old.bundle");
  const between = await stored();
  const meanwhile = await project.json("audit", "verify", "--env", "dev");
  for (const table of tables) await store.past(`ALTER TABLE ${table} OWNER TO ${role}`);
  const finished = await project.done("audit", "prune");

  expect(denied).toMatchObject({ code: 15, said: { error: { code: "FLOE_LEDGER_UNAVAILABLE" } } });
  expect(between).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(meanwhile).toMatchObject({ code: 0, said: [{ events: 5, pruned: { events: 5 } }] });
  expect(finished).toMatchObject([{ environment: "dev", status: "finished" }]);
  expect(await stored()).toEqual([5, 6, 7, 8, 9]);
  expect(await project.json("audit", "verify", "--env", "dev")).toMatchObject({
    code: 0,
    said: [{ events: 5, verdicts: { integrity: { verdict: "ok" }, anchoring: { verdict: "ok" } } }],
  });
  await project.done("rollback", "--env", "dev", "--reason", "back");
});
