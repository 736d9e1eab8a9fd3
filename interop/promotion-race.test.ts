import { startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { cosignGenerateKeyPair, cosignSign } from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { writeProject } from "./support/promotion-project.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { tempFolder } from "./support/temp-folder.ts";

const PROCESSES = 16;

type Row = Readonly<Record<string, unknown>>;

/** A project on a docker-registry, which cannot serialise writers, with signed versions. */
async function bench(versions: readonly string[], signal: AbortSignal) {
  await using resources = new AsyncDisposableStack();
  const { path: cwd } = resources.use(await tempFolder());
  const registry = resources.use(await startDockerRegistry({ signal }));
  const repository = `${registry.host}/acme/app`;
  await writeProject(cwd, {
    ...{ uri: `oci://${repository}`, artifactKey: "cosign.pub", gates: {}, signal },
  });
  await cosignGenerateKeyPair({ cwd, signal });
  for (const version of versions) {
    const digest = await pushCraneImage(`${repository}:${version}`, { cwd, signal });
    await cosignSign(`${repository}@${digest}`, { cwd, signal });
  }
  const owned = resources.move();
  return { cwd, signal, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Bench = Awaited<ReturnType<typeof bench>>;

async function race({ cwd, signal }: Bench, versions: readonly string[]) {
  const runs = versions.map(async (version) => {
    const run = await runFloe(["promote", version, "--to", "dev", "-o", "json"], { cwd, signal });
    return { code: run.exitCode, json: JSON.parse(run.stdout) as Row };
  });
  return await Promise.all(runs);
}

/** Whatever raced: nothing is lost, everybody sees one order, each operation ended once, and what happened twice is told. */
async function checkLedger({ cwd, signal }: Bench, winners: number): Promise<void> {
  const list = async (): Promise<Row[]> =>
    JSON.parse(await floeDone(["audit", "list", "--env", "dev", "-o", "json"], { cwd, signal }));
  const [events, again] = await Promise.all([list(), list()]);
  expect(again).toEqual(events);
  const of = (kind: string): string[] =>
    events.filter((event) => event["kind"] === kind).map((event) => String(event["operation"]));
  expect(new Set(of("intent")).size).toBe(of("intent").length);
  expect(new Set(of("outcome"))).toEqual(new Set(of("intent")));
  const succeeded = events.filter(
    ({ kind, result, counts }) => kind === "outcome" && result === "succeeded" && counts === true,
  );
  expect(succeeded).toHaveLength(winners);
  const verify = await runFloe(["audit", "verify", "--env", "dev", "-o", "json"], { cwd, signal });
  const [{ verdicts }] = JSON.parse(verify.stdout) as [{ verdicts: Record<string, Row> }];
  expect(verdicts["integrity"]).toMatchObject({ verdict: "ok" });
  expect(verdicts["authenticity"]).toMatchObject({ verdict: "ok" });
  // Two that both believed to hold the slot are an answer as well, and then it is told in both places.
  const twice = verdicts["completeness"]?.["verdict"] !== "ok";
  expect(verify.exitCode).toBe(twice ? 18 : 0);
  const status = await runFloe(["status", "--env", "dev", "-o", "json"], { cwd, signal });
  expect(status.exitCode).toBe(twice ? 18 : 0);
}

describe(`${PROCESSES} processes promote on docker-registry at the same time`, {
  concurrent: false,
}, () => {
  test("different versions", async ({ signal }) => {
    const versions = Array.from({ length: PROCESSES }, (_, index) => `v1.${index}.0`);
    await using project = await bench(versions, signal);
    const runs = await race(project, versions);
    for (const { code } of runs) expect([0, 7, 17]).toContain(code);
    expect(runs.some(({ code }) => code === 0)).toBe(true);
    await floeDone(["platform", "reconcile", "--env", "dev"], project);
    const done = runs.filter(({ code }) => code === 0 || code === 17).length;
    await checkLedger(project, done);
  });

  test("the same version", async ({ signal }) => {
    await using project = await bench(["v1.0.0"], signal);
    const runs = await race(
      project,
      Array.from({ length: PROCESSES }, () => "v1.0.0"),
    );
    for (const { code } of runs) expect([0, 7, 10, 17]).toContain(code);
    await floeDone(["platform", "reconcile", "--env", "dev"], project);
    const done = runs.filter(({ code }) => code === 0 || code === 17).length;
    expect(done).toBeGreaterThanOrEqual(1);
    await checkLedger(project, done);
  });
});
