import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { startMoto, startRadosgw } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { type LedgerProject, ledgerProject, type Row } from "./support/ledger-project.ts";
import { postgresStore } from "./support/postgres-store.ts";
import { s3Store } from "./support/s3-store.ts";

// `pnpm soak` sets the first; here it is a short one, with a seed of its own, which a failure names.
const PROMOTIONS = Number(process.env["FLOE_SOAK_PROMOTIONS"] ?? 6);
const SEED = Number(process.env["FLOE_SOAK_SEED"] ?? randomInt(2 ** 31));

const PROCESSES = 8;
/** How many of the processes are killed, of a hundred, and how late, in milliseconds: about as long as one runs under this load. */
const KILLED_PERCENT = 50;
const LATEST_KILL_MS = 2500;

const LAUNCHER = fileURLToPath(new URL("../apps/cli/bin/run.js", import.meta.url));

describe(`${PROCESSES} processes, of which half are killed at random, seed ${SEED}`, {
  timeout: 120_000 + PROMOTIONS * 6000,
}, () => {
  test("leave one story in SQLite", async ({ signal }) => {
    const audit = { backend: "database", database_url: "sqlite:ledger.db" };
    await using project = await aProject(audit, {}, signal);
    await soak(project, {});
  });

  test("leave one story in PostgreSQL", async ({ signal }) => {
    await using store = await postgresStore();
    const audit = { backend: "postgres", with: { url_ref: "env:AUDIT_URL", schema: store.schema } };
    const env = { AUDIT_URL: store.url };
    await using project = await aProject(audit, env, signal);
    await soak(project, env);
  });

  // A long one is on the server that keeps data as a real one does.
  test("leave one story in S3", async ({ signal }) => {
    const start = process.env["FLOE_SOAK_PROMOTIONS"] === undefined ? startMoto : startRadosgw;
    await using server = await start({ signal });
    const { audit, env } = await s3Store(server);
    await using project = await aProject(audit, env, signal);
    await soak(project, env);
  });
});

const versions = Array.from({ length: PROMOTIONS }, (_, index) => `v1.${index}.0`);

async function aProject(
  audit: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LedgerProject> {
  return await ledgerProject({ audit, versions, registry: "docker-registry", env, signal });
}

/** Promotes every version to dev, by eight processes at a time, until each has arrived; then looks at what is left. */
async function soak(project: LedgerProject, env: Readonly<Record<string, string>>): Promise<void> {
  const random = mulberry32(SEED);
  const waiting = [...versions];
  const problems: string[] = [];
  let killed = 0;
  const work = async (): Promise<void> => {
    for (let version = waiting.shift(); version !== undefined; version = waiting.shift()) {
      const kill = random() * 100 < KILLED_PERCENT ? Math.floor(random() * LATEST_KILL_MS) : null;
      const { code, output } = await promote(project.folder, env, version, kill);
      // A killed one is for whoever comes next; so is one that found another at work, or that was overtaken.
      if (code === null) killed += 1;
      if (code === null || code === 7 || code === 17) waiting.push(version);
      // 10: a process that was killed had finished it all the same, or another one did it instead.
      else if (code !== 0 && code !== 10) problems.push(`${version} ended with ${code}: ${output}`);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  expect(problems).toEqual([]);
  expect(killed, "processes that could be killed").toBeGreaterThan(0);

  await project.done("platform", "reconcile", "--env", "dev");
  // 18 for a chain that is broken, an operation that ended twice, and one that has not ended.
  const [audit] = (await project.done("audit", "verify", "--env", "dev")) as [Row];
  expect(audit["open_intents"]).toEqual([]);
  expect(await project.done("audit", "drift")).toEqual([]);
  const listed = (await project.done(
    "audit",
    "list",
    "--env",
    "dev",
    "--limit",
    "100000",
  )) as Row[];
  const events = listed.sort((a, b) => Number(a["seq"]) - Number(b["seq"]));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
  const operations = (kind: string) =>
    events.filter((event) => event["kind"] === kind).map(({ operation }) => String(operation));
  expect(new Set(operations("intent")).size).toBe(operations("intent").length);
  expect(operations("outcome").sort()).toEqual(operations("intent").sort());
  const arrived = events
    .filter((event) => event["kind"] === "outcome" && event["result"] === "succeeded")
    .map(({ version }) => String(version));
  // Each once: no version was promoted a second time, and no tag is there that no intent speaks of.
  expect([...arrived].sort()).toEqual([...versions].sort());
  const tags = await project.tags();
  expect(
    Object.keys(tags)
      .filter((tag) => /^v.*-dev$/.test(tag))
      .sort(),
  ).toEqual(versions.map((version) => `${version}-dev`).sort());
  expect(tags["latest-dev"]).toBe(tags[String(arrived.at(-1))]);
  process.stdout.write(
    `${versions.length} promotions, ${killed} processes killed, ${operations("intent").length} intents, ${events.length} events\n`,
  );
}

async function promote(
  cwd: string,
  env: Readonly<Record<string, string>>,
  version: string,
  killAfterMs: number | null,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(
    process.execPath,
    [LAUNCHER, "promote", version, "--to", "dev", "--wait", "60s", "-o", "json"],
    {
      cwd,
      env: { PATH: process.env["PATH"], HOME: cwd, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const timer =
    killAfterMs === null ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(timer);
  return { code, output };
}

/** A small generator of pseudo-random numbers, so that a seed gives the same kills again. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
