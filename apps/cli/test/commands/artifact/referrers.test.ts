import type { Descriptor } from "@floe/core/model";
import { createRegistryStore } from "@floe/oci";
import { buildArtifact, pushArtifact, startRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { aProject, go, type Project } from "../../bed/a-project.ts";
import { floe } from "../../bed/floe.ts";

async function attach(project: Project, subject: Descriptor, artifactType: string) {
  const built = buildArtifact({ artifactType, subject, layers: [{ content: artifactType }] });
  for (const blob of built.blobs) await project.store.putBlob(blob.descriptor, blob.bytes, go);
  return await project.store.attach(built, go);
}

async function descriptorOf(project: Project, tag: string): Promise<Descriptor> {
  const found = await project.store.resolve(tag, go);
  if (!found) throw new Error(`there is no ${tag}`);
  const { mediaType, digest, size } = found;
  return { mediaType, digest, size };
}

test("referrers lists what is attached, and what records say of themselves", async () => {
  await using project = await aProject();
  await project.promote("v1.0.0", "dev");
  const { digest } = await descriptorOf(project, "v1.0.0");
  const { rows } = await project.done("artifact", "referrers", "v1.0.0", "--json");
  // Signature, record and verification summary.
  expect(rows).toHaveLength(3);
  for (const row of rows) expect(row).toMatchObject({ subject: digest, referrers: [] });
  const text = await project.done("artifact", "referrers", String(digest));
  expect(text.stdout).toMatch(/https:\/\/sigstore\.dev\/cosign\/sign\/v1/);
  expect(text.stdout).toMatch(/attestation\/promotion\/v1.*source-env=none target-env=dev/);
});

test("referrers of a kind, and those of referrers as a tree", async () => {
  await using project = await aProject({ versions: [] });
  await project.publish("v1.0.0", { signed: false });
  const sbom = await attach(
    project,
    await descriptorOf(project, "v1.0.0"),
    "application/vnd.acme.sbom",
  );
  await attach(project, await descriptorOf(project, "v1.0.0"), "application/vnd.acme.report");
  const { mediaType, digest, size } = sbom;
  await attach(project, { mediaType, digest, size }, "application/vnd.acme.note");
  const of = ["--artifact-type", "application/vnd.acme.sbom", "--json"];
  const one = await project.done("artifact", "referrers", "v1.0.0", ...of);
  expect(one.rows).toMatchObject([
    { digest, artifact_type: "application/vnd.acme.sbom", referrers: [] },
  ]);
  const tree = await project.done("artifact", "referrers", "v1.0.0", "--recursive", "--json");
  expect(tree.rows.find((row) => row["digest"] === digest)).toMatchObject({
    referrers: [{ artifact_type: "application/vnd.acme.note", subject: digest, referrers: [] }],
  });
  const text = await project.done("artifact", "referrers", "v1.0.0", "--recursive");
  expect(text.stdout).toMatch(
    /^(?:│ {3}| {4})└── sha256:[0-9a-f]{64} {2}application\/vnd\.acme\.note$/m,
  );
  const none = ["--artifact-type", "application/vnd.acme.other"];
  const nothing = await project.done("artifact", "referrers", "v1.0.0", ...none);
  expect(nothing.stdout).toBe("Nothing is attached.\n");
});

test("--rebuild lists again what a lost list of a registry without the API had", async () => {
  await using registry = await startRegistry({ referrers: false });
  const uri = `oci://${registry.host}/acme/app`;
  const { descriptor } = await pushArtifact(registry, "acme/app", "v1.0.0");
  await using store = createRegistryStore({ uri }) as ReturnType<typeof createRegistryStore> &
    AsyncDisposable;
  const built = buildArtifact({ artifactType: "application/vnd.acme.sbom", subject: descriptor });
  for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
  const { digest } = await store.attach(built, { ...go, tag: "sbom-1" });
  registry.removeTag("acme/app", descriptor.digest.replace(":", "-"));
  const run = async (...args: string[]) =>
    await floe(["artifact", "referrers", "-r", uri, ...args], { cwd: "/" });
  expect((await run("v1.0.0", "--json")).rows).toEqual([]);
  const rebuilt = await run("--rebuild", "--json");
  expect(rebuilt.json).toMatchObject({
    success: true,
    added: [{ subject: descriptor.digest, digest }],
    dropped: [],
    unreadable: [],
  });
  expect((await run("v1.0.0", "--json")).rows).toMatchObject([{ digest }]);
  expect((await run("--rebuild")).stdout).toBe("0 added, 0 dropped, 1 kept, of 1 artifact\n");
});

test("--rebuild with another question, or no reference, is 2", async () => {
  await using project = await aProject();
  for (const args of [["v1.0.0", "--rebuild", "--recursive"], []])
    expect((await project.run("artifact", "referrers", ...args)).code).toBe(2);
});
