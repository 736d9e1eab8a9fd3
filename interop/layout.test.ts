import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@floe/core/model";
import { createLayoutStore } from "@floe/oci";
import { buildArtifact, startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { pushCraneImage } from "./support/crane-image.ts";
import { putArtifact } from "./support/put-artifact.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

interface OrasReferrers {
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string }[];
}

describe("a layout that floe wrote", () => {
  test("has the same tags and manifests for oras", async ({ signal }) => {
    await using folder = await tempFolder();
    const store = createLayoutStore({ path: folder.path, create: true });
    const first = await putArtifact(store, "v1.0.0", { annotations: { n: "1" } }, { signal });
    const second = await putArtifact(store, "v1.1.0", { annotations: { n: "2" } }, { signal });
    await store.moveTag(
      "latest-dev",
      { bytes: first.bytes, mediaType: first.descriptor.mediaType },
      { signal },
    );
    await store.moveTag(
      "latest-dev",
      { bytes: second.bytes, mediaType: second.descriptor.mediaType },
      { signal },
    );

    const tags = await runPeer("oras", ["repo", "tags", "--oci-layout", folder.path], { signal });
    expect(tags.split("\n").sort()).toEqual(["latest-dev", "v1.0.0", "v1.1.0"]);
    const fetch = ["manifest", "fetch", "--oci-layout"];
    const bytes = await runPeer("oras", [...fetch, `${folder.path}:v1.0.0`], { signal });
    expect(bytes).toBe(new TextDecoder().decode(first.bytes));
    const moved = await runPeer("oras", ["resolve", "--oci-layout", `${folder.path}:latest-dev`], {
      signal,
    });
    expect(moved).toBe(second.descriptor.digest);
  });

  test("has the same referrers for oras", async ({ signal }) => {
    await using folder = await tempFolder();
    const store = createLayoutStore({ path: folder.path, create: true });
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    const note = buildArtifact({
      artifactType: "application/vnd.acme.note",
      subject: artifact.descriptor,
    });
    for (const blob of note.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
    await store.attach(note, { signal });

    const args = ["discover", "--oci-layout", `${folder.path}:v1.0.0`, "--format", "json"];
    const found: OrasReferrers = JSON.parse(await runPeer("oras", args, { signal }));
    expect(found.referrers).toMatchObject([
      { digest: note.descriptor.digest, artifactType: "application/vnd.acme.note" },
    ]);
  });

  test("is pushed by crane and oras with its digests", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const store = createLayoutStore({ path: folder.path, create: true });
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });

    await runPeer("crane", ["push", folder.path, `${registry.host}/by/crane:v1.0.0`], { signal });
    const copy = ["cp", "--from-oci-layout", "--to-plain-http", `${folder.path}:v1.0.0`];
    await runPeer("oras", [...copy, `${registry.host}/by/oras:v1.0.0`], { signal });
    for (const repository of ["by/crane", "by/oras"]) {
      const digest = await runPeer("crane", ["digest", `${registry.host}/${repository}:v1.0.0`], {
        signal,
      });
      expect(digest).toBe(artifact.descriptor.digest);
    }
  });
});

describe("a layout that others wrote", () => {
  test("is read by floe when oras wrote it, with referrers", async ({ signal }) => {
    await using folder = await tempFolder();
    const layout = join(folder.path, "layout");
    await writeFile(join(folder.path, "chart.yaml"), "name: acme\n");
    await writeFile(join(folder.path, "sbom.json"), "{}");
    const options = { cwd: folder.path, signal };
    const push = ["push", "--oci-layout", `${layout}:v1.0.0`];
    const type = ["--artifact-type", "application/vnd.acme.chart"];
    await runPeer("oras", [...push, ...type, "chart.yaml:text/yaml"], options);
    const attach = ["attach", "--oci-layout", `${layout}:v1.0.0`];
    await runPeer("oras", [...attach, "--artifact-type", "text/sbom", "sbom.json"], options);
    const tag = ["tag", "--oci-layout", `${layout}:v1.0.0`, "latest-dev"];
    await runPeer("oras", tag, options);

    const store = createLayoutStore({ path: layout });
    const digest = await runPeer("oras", ["resolve", "--oci-layout", `${layout}:v1.0.0`], options);
    const artifact = await store.getManifest("v1.0.0", { signal });
    expect(artifact?.descriptor.digest).toBe(digest);
    expect(digestOf(artifact?.bytes ?? "")).toBe(digest);
    expect((await store.listTags({ signal })).sort()).toEqual(["latest-dev", "v1.0.0"]);
    const referrers = await store.referrers(digestOf(artifact?.bytes ?? ""), { signal });
    expect(referrers).toHaveLength(1);
  });

  test("is read by floe when crane wrote it, and crane reads it again", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const options = { cwd: folder.path, signal };
    const reference = `${registry.host}/acme/app:v1.0.0`;
    const digest = await pushCraneImage(reference, options);
    const layout = join(folder.path, "layout");
    await runPeer("crane", ["pull", "--format=oci", reference, layout], options);

    const store = createLayoutStore({ path: layout });
    const artifact = await store.getManifest(digest, { signal });
    if (artifact === null) throw new Error("floe does not find crane's image");
    expect(artifact.descriptor.digest).toBe(digest);
    const { mediaType } = artifact.descriptor;
    await store.createTag("v1.0.0", { bytes: artifact.bytes, mediaType }, { signal });
    const again = `${registry.host}/acme/again:v1.0.0`;
    await runPeer("crane", ["push", layout, again], options);
    expect(await runPeer("crane", ["digest", again], options)).toBe(digest);
    await runPeer("crane", ["validate", "--remote", again], options);
  });
});
