import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RawManifest } from "@floe/core/model";
import { buildArtifact, type DockerRegistry, startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { pushCraneImage } from "./support/crane-image.ts";
import { openRegistryStore } from "./support/open-registry-store.ts";
import { putArtifact } from "./support/put-artifact.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const REPOSITORY = "acme/app";

function openStore({ host, credentials }: DockerRegistry) {
  return openRegistryStore({
    uri: `oci://${host}/${REPOSITORY}`,
    credentials: () => Promise.resolve(credentials),
  });
}

function input({ bytes, descriptor }: RawManifest) {
  return { bytes, mediaType: descriptor.mediaType };
}

describe("what peers wrote to docker-registry", () => {
  test("an image by crane has crane's digest and bytes", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const options = { cwd: folder.path, signal };
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    const digest = await pushCraneImage(reference, options);

    await using store = openStore(registry);
    expect(await store.resolve("v1.0.0", { signal })).toMatchObject({ digest });
    const artifact = await store.getManifest("v1.0.0", { signal });
    expect(artifact?.descriptor.digest).toBe(digest);
    const bytes = await runPeer("crane", ["manifest", reference], options);
    expect(new TextDecoder().decode(artifact?.bytes)).toBe(bytes);
    expect(await store.listTags({ signal })).toEqual(["v1.0.0"]);
  });

  test("an artifact by oras has oras's digest, artifact type and content", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const options = { cwd: folder.path, signal };
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    await writeFile(join(folder.path, "chart.yaml"), "name: acme\n");
    const type = "application/vnd.acme.chart";
    const flags = ["--plain-http", "--artifact-type", type];
    await runPeer("oras", ["push", ...flags, reference, "chart.yaml:text/yaml"], options);
    const digest = await runPeer("oras", ["resolve", "--plain-http", reference], options);

    await using store = openStore(registry);
    const artifact = await store.getManifest("v1.0.0", { signal });
    expect(artifact?.descriptor.digest).toBe(digest);
    const manifest = JSON.parse(new TextDecoder().decode(artifact?.bytes));
    expect(manifest.artifactType).toBe(type);
    const content = await store.getBlob(manifest.layers[0], { signal });
    expect(new TextDecoder().decode(content)).toBe("name: acme\n");
  });

  test("an index by oras is an index, and its images are found", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const options = { cwd: folder.path, signal };
    const reference = `${registry.host}/${REPOSITORY}`;
    const one = await pushCraneImage(`${reference}:one`, options);
    const two = await pushCraneImage(`${reference}:two`, options);
    const create = ["manifest", "index", "create", "--plain-http"];
    await runPeer("oras", [...create, `${reference}:v1.0.0`, "one", "two"], options);

    await using store = openStore(registry);
    const index = await store.getManifest("v1.0.0", { signal });
    expect(index?.descriptor.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    const { manifests } = JSON.parse(new TextDecoder().decode(index?.bytes));
    expect(manifests).toMatchObject([{ digest: one }, { digest: two }]);
    expect(await store.resolve(one, { signal })).toMatchObject({ digest: one });
  });

  test("referrers by oras are found", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    const options = { cwd: folder.path, signal };
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    await pushCraneImage(reference, options);
    for (const name of ["sbom", "report"]) {
      await writeFile(join(folder.path, name), name);
      const flags = ["--plain-http", "--artifact-type", `application/vnd.acme.${name}`];
      await runPeer("oras", ["attach", ...flags, reference, name], options);
    }

    await using store = openStore(registry);
    const artifact = await store.resolve("v1.0.0", { signal });
    if (artifact === null) throw new Error("floe does not find crane's image");
    const referrers = await store.referrers(artifact.digest, { signal });
    expect(referrers.map(({ artifactType }) => String(artifactType)).sort()).toEqual([
      "application/vnd.acme.report",
      "application/vnd.acme.sbom",
    ]);
  });
});

describe("what floe wrote to docker-registry", () => {
  test("an artifact has its digest for crane and its bytes for oras", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    expect(await runPeer("crane", ["digest", reference], { signal })).toBe(
      artifact.descriptor.digest,
    );
    const fetched = await runPeer("oras", ["manifest", "fetch", "--plain-http", reference], {
      signal,
    });
    expect(fetched).toBe(new TextDecoder().decode(artifact.bytes));
  });

  test("an immutable tag stays where it was, and a peer's too", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    await using store = openStore(registry);
    const reference = `${registry.host}/${REPOSITORY}`;
    const digest = await pushCraneImage(`${reference}:v1.0.0`, { cwd: folder.path, signal });
    const other = await putArtifact(store, "v2.0.0", {}, { signal });
    const crane = await store.getManifest("v1.0.0", { signal });
    if (crane === null) throw new Error("floe does not find crane's image");

    const call = { signal };
    expect(await store.createTag("v1.0.0", input(other), call)).toMatchObject({
      status: "taken",
      digest,
    });
    expect(await store.createTag("v1.0.0", input(crane), call)).toMatchObject({
      status: "unchanged",
    });
    expect(await store.createTag("v1.0.0-prod", input(crane), call)).toMatchObject({
      status: "created",
    });
    for (const tag of ["v1.0.0", "v1.0.0-prod"]) {
      expect(await runPeer("crane", ["digest", `${reference}:${tag}`], { signal })).toBe(digest);
    }
  });

  test("a mutable tag is where floe moved it, and a peer's move is noticed", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const reference = `${registry.host}/${REPOSITORY}`;
    const first = await putArtifact(store, "v1.0.0", { annotations: { n: "1" } }, { signal });
    const second = await putArtifact(store, "v2.0.0", { annotations: { n: "2" } }, { signal });
    const digestNow = () => runPeer("crane", ["digest", `${reference}:latest-prod`], { signal });

    await store.moveTag("latest-prod", input(first), { signal, expect: null });
    expect(await digestNow()).toBe(first.descriptor.digest);
    const expected = { signal, expect: first.descriptor.digest };
    expect(await store.moveTag("latest-prod", input(second), expected)).toEqual({
      status: "moved",
      previous: first.descriptor.digest,
    });
    expect(await digestNow()).toBe(second.descriptor.digest);

    await runPeer("crane", ["tag", `${reference}:v1.0.0`, "latest-prod"], { signal });
    await expect(
      store.moveTag("latest-prod", input(first), { signal, expect: second.descriptor.digest }),
    ).rejects.toMatchObject({ code: "FLOE_TAG_MOVED" });
  });

  test("referrers are found by oras, beside those of oras", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using folder = await tempFolder();
    await using store = openStore(registry);
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    await writeFile(join(folder.path, "sbom"), "{}");
    const flags = ["--plain-http", "--artifact-type", "application/vnd.acme.sbom"];
    await runPeer("oras", ["attach", ...flags, reference, "sbom"], { cwd: folder.path, signal });
    const note = buildArtifact({
      artifactType: "application/vnd.acme.note",
      subject: artifact.descriptor,
    });
    for (const blob of note.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
    await store.attach(note, { signal });

    const discover = ["discover", "--plain-http", "--format", "json", reference];
    const { referrers }: { referrers: { artifactType: string }[] } = JSON.parse(
      await runPeer("oras", discover, { signal }),
    );
    expect(referrers.map(({ artifactType }) => artifactType).sort()).toEqual([
      "application/vnd.acme.note",
      "application/vnd.acme.sbom",
    ]);
  });

  test("eight referrers at once are all found by oras", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using seed = openStore(registry);
    const artifact = await putArtifact(seed, "v1.0.0", {}, { signal });
    const notes = Array.from({ length: 8 }, (_, n) =>
      buildArtifact({ annotations: { n: `${n}` }, subject: artifact.descriptor }),
    );
    await Promise.all(
      notes.map(async (note) => {
        await using store = openStore(registry);
        for (const blob of note.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
        await store.attach(note, { signal });
      }),
    );
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    const discover = ["discover", "--plain-http", "--format", "json", reference];
    const { referrers }: { referrers: { digest: string }[] } = JSON.parse(
      await runPeer("oras", discover, { signal }),
    );
    expect(referrers.map(({ digest }) => digest).sort()).toEqual(
      notes.map(({ descriptor }) => descriptor.digest).sort(),
    );
  });

  test("basic authentication works both ways, and without it the error says so", async ({
    signal,
  }) => {
    await using registry = await startDockerRegistry({ auth: true, signal });
    await using folder = await tempFolder();
    await using store = openStore(registry);
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    const { username, password } = registry.credentials ?? { username: "", password: "" };
    const options = { cwd: folder.path, signal };
    await runPeer("crane", ["auth", "login", registry.host, "-u", username, "--password-stdin"], {
      ...options,
      stdin: password,
    });
    const reference = `${registry.host}/${REPOSITORY}:v1.0.0`;
    expect(await runPeer("crane", ["digest", reference], options)).toBe(artifact.descriptor.digest);
    await using anonymous = openRegistryStore({ uri: `oci://${registry.host}/${REPOSITORY}` });
    await expect(anonymous.resolve("v1.0.0", { signal })).rejects.toMatchObject({
      code: "FLOE_REGISTRY_UNAUTHORIZED",
    });
  });

  test("floe's count of its requests is the registry's", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    await store.createTag("v1.0.0-dev", input(artifact), { signal });
    await store.moveTag("latest-dev", input(artifact), { signal });
    await store.listTags({ signal });
    await store.referrers(artifact.descriptor.digest, { signal });
    const logged = registry.requests();
    expect(store.stats.requests).toBe(logged.length);
    // Starting an upload (POST) stores nothing yet.
    expect(store.stats.writes).toBe(
      logged.filter(({ method }) => method === "PUT" || method === "DELETE").length,
    );
  });
});
