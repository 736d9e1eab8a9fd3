import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, go, type Project } from "../bed/a-project.ts";

const OPTIONS = {
  identities: ["alice", "mallory"],
  groups: { ops: ["release"], approvers: ["alice"] },
  versions: ["v1.0.0", "v1.1.0"],
  environments: [
    {
      name: "dev",
      gates: { policy_compliance: true },
      authorization: { allowed_groups: ["ops"] },
      approvals: { required: 1, from_groups: ["approvers"] },
    },
  ],
};

/** Who can push to the repository, and may do nothing, writes a manifest that lets them. */
function writeOwnManifest(project: Project): void {
  const manifest = parse(project.read("manifest.yaml")) as {
    groups: Record<string, string[]>;
  };
  for (const members of Object.values(manifest.groups)) members.push("mallory");
  project.write("mallory.yaml", stringify(manifest));
}

const AS_MALLORY = ["--manifest", "mallory.yaml", "--key", "keys/mallory.key"];
const APPROVE = ["platform", "approve", "v1.0.0", "--env", "dev", "--key"];
const PROMOTE = ["promote", "v1.0.0", "--to", "dev"];

async function eventTags(project: Project): Promise<string[]> {
  return (await project.store.listTags({ ...go, prefix: "floe-ev.dev." })).sort();
}

describe("whoever can push, and may not act,", () => {
  test("unlocks nothing by an unlock that floe writes under their own manifest", async () => {
    await using project = await aProject(OPTIONS);
    await project.done("platform", "lock", "--env", "dev", "--reason", "an incident");
    await project.done(...APPROVE, "keys/alice.key");
    const before = await eventTags(project);
    writeOwnManifest(project);
    await project.run("platform", "unlock", "--env", "dev", "--reason", "mine", ...AS_MALLORY);
    // It is in the ledger: nobody can keep out what somebody with push rights writes.
    expect((await eventTags(project)).length).toBe(before.length + 1);
    const run = await project.run(...PROMOTE, "-o", "json");
    expect([run.code, run.json["error"]]).toMatchObject([18, { code: "FLOE_LEDGER_UNSETTLED" }]);
    const settle = ["reconcile", "--env", "dev", "--settle", "disregard", "--reason", "forged"];
    await project.done("platform", ...settle);
    expect((await project.run(...PROMOTE)).code).toBe(13);
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });

  test("approves nothing by an approval that floe writes under their own manifest", async () => {
    await using project = await aProject(OPTIONS);
    await project.done("platform", "lock", "--env", "dev", "--reason", "begin");
    await project.done("platform", "unlock", "--env", "dev", "--reason", "begin");
    writeOwnManifest(project);
    await project.run("platform", "approve", "v1.0.0", "--env", "dev", ...AS_MALLORY);
    const run = await project.run(...PROMOTE, "-o", "json");
    expect([run.code, run.json]).toMatchObject([16, { success: false }]);
    expect((await project.tags())["latest-dev"]).toBeUndefined();
  });

  test("brings a spent approval back by no copy of its event", async () => {
    await using project = await aProject(OPTIONS);
    await project.done(...APPROVE, "keys/alice.key");
    const approval = (await eventTags(project)).at(-1) ?? "";
    await project.done(...PROMOTE);
    expect((await project.run(...PROMOTE, "--force")).code).toBe(16);
    const stored = await project.store.getManifest(approval, go);
    const last = (await eventTags(project)).at(-1) ?? "";
    const next = `floe-ev.dev.${String(Number(last.split(".")[2]) + 1).padStart(12, "0")}`;
    if (!stored) throw new Error(`${approval} is gone`);
    const { bytes, descriptor } = stored;
    await project.store.createTag(next, { bytes, mediaType: descriptor.mediaType }, go);
    const before = await project.tags();
    const run = await project.run(...PROMOTE, "--force", "-o", "json");
    expect([run.code, run.json["error"]]).toMatchObject([
      18,
      { message: expect.stringContaining("copied to another slot") },
    ]);
    expect(await project.tags()).toEqual(before);
  });
});

test("a ledger elsewhere in the manifest gets nobody past the one that there is", async () => {
  await using project = await aProject(OPTIONS);
  await project.done("platform", "lock", "--env", "dev", "--reason", "an incident");
  const manifest = parse(project.read("manifest.yaml")) as {
    artifacts: { promotion: Record<string, unknown> };
  };
  manifest.artifacts.promotion["audit"] = { backend: "database", database_url: "sqlite:own.db" };
  delete (manifest.artifacts.promotion["environments"] as Record<string, unknown>[])[0]?.[
    "approvals"
  ];
  project.write("manifest.yaml", stringify(manifest));
  const before = await project.tags();
  const run = await project.run(...PROMOTE, "-o", "json");
  expect([run.code, run.json]).toMatchObject([18, { success: false }]);
  expect(await project.tags()).toEqual(before);
});
