import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { aProject, go, type Project } from "../bed/a-project.ts";

const guarded = {
  environments: [
    {
      name: "prod",
      gates: { policy_compliance: true },
      authorization: { allowed_operators: ["release"] },
    },
  ],
  identities: ["mallory"],
  versions: ["v1.0.0", "v1.1.0"],
};

/** Whoever can push can write and delete tags; this is what such a person does, past floe. */
async function replace(
  project: Project,
  tag: string,
  change: (text: string) => string,
): Promise<void> {
  const found = await project.store.getManifest(tag, go);
  if (!found) throw new Error(`there is no ${tag}`);
  const bytes = Buffer.from(change(Buffer.from(found.bytes).toString("utf8")));
  await project.store.deleteTag(tag, go);
  await project.store.createTag(tag, { bytes, mediaType: found.descriptor.mediaType }, go);
}

/** What status finds wrong in the ledgers. */
async function foundByStatus(project: Project): Promise<unknown[]> {
  const { code, rows } = await project.run("status", "-o", "json");
  expect(code).toBe(18);
  return rows.flatMap((row) => (row["findings"] as { code: string }[]).map((found) => found.code));
}

async function refusedWith18(project: Project, ...args: string[]): Promise<string> {
  const before = await project.tags();
  const run = await project.run(...args, "-o", "json");
  expect([args[0], run.code]).toEqual([args[0], 18]);
  expect(await project.tags()).toEqual(before);
  return (run.json["error"] as { code: string }).code;
}

const everyWrite = [
  ["promote", "v1.1.0", "--to", "prod"],
  ["rollback", "--env", "prod", "--reason", "x"],
  ["platform", "lock", "--env", "prod", "--reason", "x"],
];

describe("a ledger that somebody tampered with ends everything with 18", () => {
  test("when its genesis tag is gone beside environment tags", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "prod");
    await project.store.deleteTag("floe-ledger.prod", go);
    for (const args of everyWrite)
      expect(await refusedWith18(project, ...args)).toBe("FLOE_LEDGER_MISSING");
    expect(await foundByStatus(project)).toEqual(["FLOE_LEDGER_MISSING"]);
  });

  test("when the whole ledger is gone beside environment tags", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "prod");
    for (const tag of Object.keys(await project.tags()))
      if (tag.startsWith("floe-ev.") || tag.startsWith("floe-ledger."))
        await project.store.deleteTag(tag, go);
    for (const args of everyWrite)
      expect(await refusedWith18(project, ...args)).toBe("FLOE_LEDGER_MISSING");
  });

  test("when its newest event was edited", async () => {
    await using project = await aProject(guarded);
    await project.done("platform", "lock", "--env", "prod", "--reason", "incident");
    await replace(project, "floe-ev.prod.000000000001", (text) => {
      const manifest = JSON.parse(text) as { annotations: Record<string, string> };
      const bundle = JSON.parse(manifest.annotations["dev.floe.event"] ?? "") as {
        dsseEnvelope: { payload: string };
      };
      const statement = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8");
      const edited = statement.replaceAll('"incident"', '"a nothing"');
      expect(edited).not.toBe(statement);
      bundle.dsseEnvelope.payload = Buffer.from(edited).toString("base64");
      manifest.annotations["dev.floe.event"] = JSON.stringify(bundle);
      return JSON.stringify(manifest);
    });
    for (const args of [...everyWrite, ["platform", "history"]])
      expect(await refusedWith18(project, ...args)).toBe("FLOE_LEDGER_EVENT_INVALID");
    expect(await foundByStatus(project)).toEqual(["FLOE_LEDGER_EVENT_INVALID"]);
  });

  test("when an event in the middle is gone", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "prod");
    await project.store.deleteTag("floe-ev.prod.000000000001", go);
    for (const args of everyWrite)
      expect(await refusedWith18(project, ...args)).toBe("FLOE_LEDGER_EVENT_INVALID");
  });

  test("when its newest events are gone, though the tags that they moved are there", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "prod");
    for (const seq of [1, 2]) await project.store.deleteTag(`floe-ev.prod.00000000000${seq}`, go);
    for (const args of everyWrite) await refusedWith18(project, ...args);
  });

  test("when another environment's ledger is put in its place", async () => {
    const gates = { policy_compliance: true };
    await using project = await aProject({
      environments: [
        { name: "dev", gates },
        { name: "prod", gates },
      ],
    });
    await project.promote("v1.0.0", "dev", "prod");
    const dev = await project.store.getManifest("floe-ledger.dev", go);
    if (!dev) throw new Error("dev has no ledger");
    await project.store.deleteTag("floe-ledger.prod", go);
    const input = { bytes: dev.bytes, mediaType: dev.descriptor.mediaType };
    await project.store.createTag("floe-ledger.prod", input, go);
    expect(await refusedWith18(project, "platform", "lock", "--env", "prod", "--reason", "x")).toBe(
      "FLOE_LEDGER_EVENT_INVALID",
    );
  });
});

describe("an unlock by somebody who may not unlock", () => {
  // The forger has a manifest of their own, in which they may do everything.
  async function forged(
    project: Project,
    identities: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const forgery = {
      apiVersion: "floe.dev/v1",
      kind: "Manifest",
      metadata: { name: "acme" },
      identities,
      artifacts: {
        registry: { uri: "oci-layout:./.floe/registry" },
        signing: { mode: "key-based", private_key_ref: "keys/mallory.key" },
        verification: { enforcement: "off" },
        promotion: { environments: [{ name: "prod", gates: { policy_compliance: true } }] },
      },
    };
    project.write("forgery.yaml", stringify(forgery));
    await project.done("platform", "lock", "--env", "prod", "--reason", "incident");
    const unlock = ["platform", "unlock", "--env", "prod", "--reason", "let me in"];
    const run = await project.done(...unlock, "-m", "forgery.yaml", "--json");
    expect(run.json).toMatchObject({ changed: true, locked: false });
  }

  const release = { release: { key: "keys/release.pub" } };
  test.each([
    ["by a known identity without the right", { ...release, mallory: { key: "keys/mallory.pub" } }],
    ["by a key that the manifest does not know", release],
    [
      "in the name of an identity that may",
      { release2: { key: "keys/release.pub" }, release: { key: "keys/mallory.pub" } },
    ],
  ])("%s never opens the environment", async (_, identities) => {
    await using project = await aProject(guarded);
    // Signed by release in the forger's manifest, too: the ledger must be readable for them to add to it.
    const named =
      "release2" in identities ? { mallory: { key: "keys/mallory.pub" }, ...release } : identities;
    await forged(project, named);
    const before = await project.tags();
    const run = await project.run("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect([13, 18]).toContain(run.code);
    expect(await project.tags()).toEqual(before);
    expect(before["latest-prod"]).toBeUndefined();
  });

  test("by the right key opens it, so the forgeries above fail for their signer alone", async () => {
    await using project = await aProject(guarded);
    await project.done("platform", "lock", "--env", "prod", "--reason", "incident");
    await project.done("platform", "unlock", "--env", "prod", "--reason", "over");
    await project.promote("v1.0.0", "prod");
  });
});

test("a record that was deleted makes the version count as not promoted in the next environment", async () => {
  const gates = { policy_compliance: true };
  await using project = await aProject({
    environments: [
      { name: "dev", gates },
      { name: "prod", gates },
    ],
  });
  await project.promote("v1.0.0", "dev");
  const [record] = Object.entries(await project.tags()).filter(([tag]) =>
    tag.startsWith("floe-rec."),
  );
  if (!record) throw new Error("there is no record");
  const manifest = await project.store.getManifest(record[1], go);
  const [layer] = (
    JSON.parse(Buffer.from(manifest?.bytes ?? []).toString("utf8")) as {
      layers: { digest: string }[];
    }
  ).layers;
  project.write(`.floe/registry/blobs/${layer?.digest.replace(":", "/")}`, "{}");
  const run = await project.run("promote", "v1.0.0", "--to", "prod", "-o", "json");
  expect(run.code).toBe(18);
  expect((await project.tags())["latest-prod"]).toBeUndefined();
});

test("a version tag that was moved to other content is not promoted further", async () => {
  await using project = await aProject({ versions: ["v1.0.0"] });
  await project.promote("v1.0.0", "dev");
  await project.store.deleteTag("v1.0.0", go);
  await project.publish("v1.0.0", { content: "something else" });
  const run = await project.run("promote", "v1.0.0", "--to", "staging", "-o", "json");
  expect(run.code).toBe(11);
  expect(run.json["error"]).toMatchObject({ message: expect.stringContaining("another digest") });
});
