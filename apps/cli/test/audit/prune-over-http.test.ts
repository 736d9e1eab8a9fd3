import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Run } from "../bed/floe.ts";
import { REPOSITORY, registryPlace } from "../crash/place.ts";

const FOUR_YEARS = 4 * 365.25 * 86_400_000;

test("floe audit prune deletes from a registry by digest, and goes on once that is allowed", async () => {
  let ago = FOUR_YEARS;
  const now = (): Date => new Date(Date.now() - ago);
  await using place = await registryPlace({
    versions: ["v1.0.0", "v1.1.0", "v2.0.0", "v2.1.0"],
    settings: { now, referrers: false, tagDeletion: false, manifestDeletion: false },
  });
  const { registry, dir } = place;
  const floe = async (...args: string[]): Promise<Run> => await place.run(...args, "-o", "json");
  const promote = async (version: string): Promise<void> => {
    expect((await place.run("promote", version, "--to", "dev")).code).toBe(0);
  };
  for (const version of ["v1.0.0", "v1.1.0"]) await promote(version);
  ago = 0;
  for (const version of ["v2.0.0", "v2.1.0"]) await promote(version);
  const path = join(dir, "manifest.yaml");
  const manifest = parse(readFileSync(path, "utf8")) as {
    readonly artifacts: { readonly promotion: Record<string, unknown> };
  };
  manifest.artifacts.promotion["audit"] = { retention: "730d" };
  writeFileSync(path, stringify(manifest));
  expect((await place.run("audit", "checkpoint")).code).toBe(0);
  const events = async (): Promise<string[]> =>
    (await place.open().listTags({ signal: new AbortController().signal }))
      .filter((tag) => tag.startsWith("floe-ev.dev."))
      .map((tag) => tag.replace(/^floe-ev\.dev\.(?:0*(?=\d))?/, "").replace(/(?<=^\d+)-.*/, ""))
      .sort();

  const refused = await floe("audit", "prune", "--archive", "old.bundle");
  const stored = await events();
  const meanwhile = await floe("audit", "verify", "--env", "dev");
  registry.configure({ manifestDeletion: true });
  const finished = await floe("audit", "prune");
  const after = await floe("audit", "verify", "--env", "dev");

  expect([refused.code, refused.json["error"]]).toEqual([
    5,
    expect.objectContaining({
      code: "FLOE_REGISTRY_UNSUPPORTED",
      message: expect.stringContaining("the ledger of dev says what is pruned") as string,
      hint: expect.stringContaining("The same command removes it") as string,
    }),
  ]);
  expect(stored).toEqual([
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "pruned-000000000005-5",
  ]);
  expect([meanwhile.code, meanwhile.stdout]).toEqual([
    0,
    expect.stringContaining("4 of them are still stored"),
  ]);
  expect([finished.code, finished.rows]).toEqual([
    0,
    [expect.objectContaining({ environment: "dev", status: "finished", removed: 4 })],
  ]);
  expect(await events()).toEqual(["0", "5", "6", "7", "8", "9", "pruned-000000000005-5"]);
  expect([after.code, after.rows]).toEqual([
    0,
    [
      expect.objectContaining({
        events: 5,
        pruned: expect.objectContaining({ events: 5 }) as unknown,
      }),
    ],
  ]);
  expect(registry.tags(REPOSITORY)).toHaveProperty(["floe-ledger.dev"]);
  expect((await place.run("rollback", "--env", "dev", "--reason", "back")).code).toBe(0);
});
