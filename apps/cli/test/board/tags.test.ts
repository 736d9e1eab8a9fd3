import { expect, test } from "vitest";
import { aProject, go, type Project } from "../bed/a-project.ts";

async function point(project: Project, tag: string, version: string): Promise<void> {
  const raw = await project.store.getManifest(version, go);
  if (!raw) throw new Error(`${version} is not there`);
  await project.store.moveTag(tag, { bytes: raw.bytes, mediaType: raw.descriptor.mediaType }, go);
}

test("list shows the tags of environments in the order of the path, newest first, and none of floe's own", async () => {
  await using project = await aProject({ versions: ["v1.9.0", "v1.10.0"] });
  await project.promote("v1.9.0", "dev", "staging");
  await project.promote("v1.10.0", "dev");
  await project.done("rollback", "--env", "dev", "--reason", "r");
  const { rows } = await project.done("platform", "list", "-o", "json");
  expect(rows.map(({ tag, version, current }) => [tag, version, current])).toEqual([
    ["latest-dev", "v1.9.0", true],
    ["v1.10.0-dev", "v1.10.0", false],
    ["v1.9.0-dev", "v1.9.0", true],
    ["v1.9.0-dev-rollback-1", "v1.9.0", false],
    ["latest-staging", "v1.9.0", true],
    ["v1.9.0-staging", "v1.9.0", true],
  ]);
  const tags = async (...args: string[]) =>
    (await project.done("platform", "list", ...args, "-o", "json")).rows.map(({ tag }) => tag);
  expect(await tags("--version", "v1.10.0")).toEqual(["v1.10.0-dev"]);
  expect(await tags("--env", "prod")).toEqual([]);
  expect((await project.done("platform", "list", "--env", "prod")).stdout).toBe("No tags.\n");
  expect((await project.run("platform", "list", "--env", "nowhere")).code).toBe(3);
});

test("tag sets back what somebody moved or deleted, and writes nothing in a dry run", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev");
  const before = await project.tags();
  const tag = ["platform", "tag", "--env", "dev"];
  const unchanged = await project.done(...tag, "-o", "json");
  expect(unchanged.json).toMatchObject({ success: true, changed: false, tags: [] });

  await point(project, "latest-dev", "v1.1.0");
  await project.store.deleteTag("v1.0.0-dev", go);
  expect((await project.run("status", "--env", "dev")).code).toBe(18);
  const drifted = await project.tags();
  const digest = before["v1.0.0"];
  const tags = [
    { tag: "v1.0.0-dev", previous: null, digest },
    { tag: "latest-dev", previous: before["v1.1.0"], digest },
  ];
  const dry = await project.done(...tag, "--dry-run", "-o", "json");
  expect(dry.json).toMatchObject({ changed: false, dry_run: true, tags });
  expect(await project.tags()).toEqual(drifted);
  const done = await project.done(...tag, "-o", "json");
  expect(done.json).toMatchObject({ changed: true, version: "v1.0.0", operator: "release", tags });
  expect(await project.tags()).toEqual(before);
  expect((await project.run("status", "--env", "dev")).code).toBe(0);
});

test("tag moves no immutable tag, and is for those who may promote there", async () => {
  await using project = await aProject({
    versions: ["v1.0.0", "v1.1.0"],
    identities: ["other"],
    environments: [
      {
        name: "dev",
        gates: { policy_compliance: true },
        authorization: { allowed_operators: ["release"] },
      },
    ],
  });
  const tag = ["platform", "tag", "--env", "dev", "-o", "json"];
  expect((await project.run(...tag)).code).toBe(11);
  await project.promote("v1.0.0", "dev");
  await point(project, "latest-dev", "v1.1.0");
  const drifted = await project.tags();
  const refused = await project.run(...tag, "--key", "keys/other.key");
  expect([refused.code, refused.json["error"]]).toMatchObject([
    12,
    { code: "FLOE_NOT_AUTHORIZED" },
  ]);
  await point(project, "v1.0.0-dev", "v1.1.0");
  const moved = await project.run(...tag);
  expect([moved.code, moved.json["error"]]).toMatchObject([18, { code: "FLOE_LEDGER_DRIFT" }]);
  expect((await project.tags())["latest-dev"]).toBe(drifted["latest-dev"]);
});

test("tag does not bring an environment back to what a ledger says that was cut off", async () => {
  await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  await project.promote("v1.0.0", "dev");
  await project.promote("v1.1.0", "dev");
  for (const seq of ["3", "4"])
    await project.store.deleteTag(`floe-ev.dev.${seq.padStart(12, "0")}`, go);
  const before = await project.tags();
  expect((await project.run("platform", "tag", "--env", "dev")).code).toBe(18);
  expect(await project.tags()).toEqual(before);
});
