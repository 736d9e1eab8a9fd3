import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createLayoutStore } from "@floe/oci";
import { runProgram } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";
import { floe, type Json, type Run } from "../../bed/floe.ts";
import { go, type RegistryPlace, registryPlace } from "../../crash/place.ts";

/** v1.0.0 in dev and staging, v1.1.0 in dev, on a registry. */
async function promoted(referrers: boolean): Promise<RegistryPlace> {
  const place = await registryPlace({ versions: ["v1.0.0", "v1.1.0"], settings: { referrers } });
  for (const [version, to] of [
    ["v1.0.0", "dev"],
    ["v1.0.0", "staging"],
    ["v1.1.0", "dev"],
  ] as const)
    expect((await place.run("promote", version, "--to", to)).code).toBe(0);
  return place;
}

/** Verifies as an auditor does: the manifest, the public keys and the export, in a folder of their own. */
async function auditor(place: RegistryPlace, ...args: string[]): Promise<Run> {
  const cwd = join(place.dir, "auditor");
  mkdirSync(join(cwd, "keys"), { recursive: true });
  cpSync(join(place.dir, "manifest.yaml"), join(cwd, "manifest.yaml"));
  for (const key of ["release.pub", "artifact.pub"])
    cpSync(join(place.dir, "keys", key), join(cwd, "keys", key));
  return await floe(["platform", "verify", "--env", "staging", ...args, "-o", "json"], { cwd });
}

const warnings = (run: Run): unknown[] =>
  (run.json["checks"] as readonly Json[]).flatMap(({ check, status }) =>
    status === "ok" ? [] : [`${String(check)} ${String(status)}`],
  );

describe.each([true, false])("artifact copy --with-promotions (referrers API: %s)", (referrers) => {
  test("makes a folder in which the whole path can be verified with the registry off", async () => {
    await using place = await promoted(referrers);
    const copied = await place.run(
      ...["artifact", "copy", "latest-staging", "oci-layout:./export", "--with-promotions"],
      ...["-o", "json"],
    );
    expect(copied.code, copied.stderr).toBe(0);
    const { tags } = copied.json["promotions"] as { readonly tags: readonly string[] };
    expect(tags.filter((tag) => !tag.startsWith("floe-"))).toEqual([
      ...["latest-staging", "v1.0.0", "v1.0.0-dev", "v1.0.0-staging"],
    ]);
    await place.registry.close();
    const run = await auditor(place, "-r", "oci-layout:../export");
    expect([run.code, warnings(run)]).toEqual([0, ["place warning"]]);
    expect(run.json).toMatchObject({ version: "v1.0.0", trusted: true });
    // The registry is off, so that without the copy nothing can be said.
    expect((await auditor(place)).code).toBe(5);
  });

  test("what is changed in the folder is found there", async () => {
    await using place = await promoted(referrers);
    const copy = ["artifact", "copy", "latest-staging", "oci-layout:./export"];
    expect((await place.run(...copy, "--with-promotions")).code).toBe(0);
    const store = createLayoutStore({ path: join(place.dir, "export"), create: false });
    const other = (await store.listTags(go)).filter((tag) => tag.startsWith("floe-rec.")).sort();
    const [dev, staging] = await Promise.all(other.map((tag) => store.getManifest(tag, go)));
    if (!dev || !staging) throw new Error("there are no two records");
    await store.deleteTag(String(other[1]), go);
    const replayed = { bytes: dev.bytes, mediaType: dev.descriptor.mediaType };
    await store.createTag(String(other[1]), replayed, go);
    const run = await auditor(place, "-r", "oci-layout:../export");
    expect(run.code).toBe(18);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_RECORD_INVALID" });
  });
});

test("an archive carries it as well, and --all-tags takes the whole repository", async () => {
  await using place = await promoted(true);
  const uri = `oci://${place.registry.host}/acme/app`;
  const run = await place.run(
    ...["artifact", "copy", uri, "oci-archive:export.tar", "--all-tags", "*", "--with-promotions"],
  );
  expect(run.code, run.stderr).toBe(0);
  mkdirSync(join(place.dir, "export"));
  const unpacked = await runProgram(["tar", "-xf", "export.tar", "-C", "export"], {
    cwd: place.dir,
  });
  expect(unpacked.code).toBe(0);
  await place.registry.close();
  expect((await auditor(place, "-r", "oci-layout:../export")).code).toBe(0);
  const dev = await place.run(
    ...["platform", "verify", "v1.1.0", "--env", "dev", "-r", "oci-layout:./export", "-o", "json"],
  );
  expect([dev.code, dev.json["current"]]).toEqual([0, true]);
});

test("a ledger is not copied to where it could be written on", async () => {
  await using project = await aProject();
  const to = "oci://127.0.0.1:1/acme/app";
  const run = await project.run("artifact", "copy", "v1.0.0", to, "--with-promotions");
  expect(run.code).toBe(2);
  const tagged = ["--with-promotions", "--tag", "v2.0.0"];
  expect((await project.run("artifact", "copy", "v1.0.0", "oci-layout:./e", ...tagged)).code).toBe(
    2,
  );
});

test("a copy of a registry's ledger in a folder is for reading: nothing is promoted in it", async () => {
  await using place = await promoted(true);
  const copy = ["artifact", "copy", "latest-staging", "oci-layout:./export", "--with-promotions"];
  expect((await place.run(...copy)).code).toBe(0);
  const promote = ["promote", "v1.0.0", "--to", "staging", "--force", "-r", "oci-layout:./export"];
  const run = await place.run(...promote, "-o", "json");
  expect(run.code).toBe(18);
  expect(run.json["error"]).toMatchObject({ code: "FLOE_LEDGER_ELSEWHERE" });
});
