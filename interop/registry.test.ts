import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf, type RawManifest } from "@floe/core/model";
import { rebuildReferrers } from "@floe/oci";
import {
  buildArtifact,
  type DockerRegistry,
  startDockerRegistry,
  startLineProcess,
} from "@floe/testing";
import { describe, expect, test } from "vitest";
import { pushCraneImage } from "./support/crane-image.ts";
import { openRegistryStore } from "./support/open-registry-store.ts";
import { putArtifact } from "./support/put-artifact.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const REPOSITORY = "acme/app";
const ATTACH_BY_LINE = fileURLToPath(
  new URL("../packages/oci/test/registry/children/attach-by-line.ts", import.meta.url),
);

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
    const third = await putArtifact(store, "v3.0.0", { annotations: { n: "3" } }, { signal });
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
      store.moveTag("latest-prod", input(third), { signal, expect: second.descriptor.digest }),
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

  test("24 processes attach at once, and no round loses any of them", async ({ signal }) => {
    const rounds = Number(process.env["FLOE_TEST_ROUNDS"] ?? 2);
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    await using stack = new AsyncDisposableStack();
    const uri = `oci://${registry.host}/${REPOSITORY}`;
    const writers = await Promise.all(
      Array.from({ length: 24 }, async (_, at) =>
        stack.use(await startLineProcess(ATTACH_BY_LINE, [uri, `writer ${at}`])),
      ),
    );
    for (let round = 1; round <= rounds; round += 1) {
      const annotations = { round: `${round}` };
      const subject = await putArtifact(store, `v${round}.0.0`, { annotations }, { signal });
      const line = JSON.stringify(subject.descriptor);
      const attached = await Promise.all(writers.map((writer) => writer.ask(line)));
      const listed = await store.referrers(subject.descriptor.digest, { signal });
      expect(new Set(attached).size).toBe(24);
      expect(listed.map(({ digest }) => digest).sort()).toEqual(attached.sort());
    }
  }, 240_000);

  test("a blob in chunks is whole, and another repository mounts it", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openRegistryStore({
      uri: `oci://${registry.host}/${REPOSITORY}`,
      uploads: { chunkedAboveBytes: 1_000_000, chunkBytes: 900_000 },
    });
    const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251);
    const descriptor = { mediaType: "x/y", digest: digestOf(bytes), size: bytes.length };
    await store.putBlob(descriptor, bytes, { signal });
    const methods = registry.requests().map(({ method }) => method);
    expect(methods).toEqual(["HEAD", "POST", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"]);
    const read = await store.getBlob(descriptor, { signal });
    expect(digestOf(read)).toBe(descriptor.digest);

    await using other = openRegistryStore({ uri: `oci://${registry.host}/acme/other` });
    expect(await other.mountBlob?.(descriptor, store.repository, { signal })).toBe(true);
    expect(await other.hasBlob(descriptor.digest, { signal })).toBe(true);
    const absent = { ...descriptor, digest: digestOf("absent") };
    expect(await other.mountBlob?.(absent, store.repository, { signal })).toBe(false);
  });

  test("a blob that is no such blob leaves no upload behind", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const bytes = new TextEncoder().encode("some bytes");
    const wrong = { mediaType: "x/y", digest: digestOf("others"), size: bytes.length };
    await expect(store.putBlob(wrong, bytes, { signal })).rejects.toMatchObject({
      code: "FLOE_DIGEST_MISMATCH",
    });
    expect(registry.requests().at(-1)).toMatchObject({ method: "DELETE", status: 204 });
  });

  test("a manifest is deleted with its tags, a tag by itself is not", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const artifact = await putArtifact(store, "v1.0.0", {}, { signal });
    await expect(store.deleteTag("v1.0.0", { signal })).rejects.toMatchObject({
      code: "FLOE_REGISTRY_UNSUPPORTED",
    });
    const { digest } = artifact.descriptor;
    expect(await store.deleteManifest?.(digest, { signal })).toBe(true);
    expect(await store.resolve("v1.0.0", { signal })).toBeNull();
    expect(await store.deleteManifest?.(digest, { signal })).toBe(false);
  });

  test("a list of referrers that oras cut down is made whole again", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    await using store = openStore(registry);
    const { descriptor } = await putArtifact(store, "v1.0.0", {}, { signal });
    const notes = ["one", "two", "gone"].map((name) =>
      buildArtifact({ annotations: { name }, subject: descriptor }),
    );
    for (const note of notes) {
      for (const blob of note.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
      const { name } = JSON.parse(new TextDecoder().decode(note.bytes)).annotations;
      await store.attach(note, { signal, tag: `floe-rec.${name}` });
    }
    const [one, two, gone] = notes.map((note) => note.descriptor.digest);
    if (!(one && two && gone)) throw new Error("three were made");
    const tag = descriptor.digest.replace(":", "-");
    const reference = `${registry.host}/${REPOSITORY}`;
    const create = ["manifest", "index", "create", "--plain-http", `${reference}:${tag}`];
    await runPeer("oras", [...create, gone], { signal });
    await store.deleteManifest?.(gone, { signal });

    const report = await rebuildReferrers(store, { signal });
    expect(report).toMatchObject({ subjects: 1, kept: 0, dropped: [{ digest: gone }] });
    expect(report.added.map(({ digest }) => digest).sort()).toEqual([one, two].sort());
    const discover = ["discover", "--plain-http", "--format", "json", `${reference}:v1.0.0`];
    const { referrers }: { referrers: { digest: string }[] } = JSON.parse(
      await runPeer("oras", discover, { signal }),
    );
    expect(referrers.map(({ digest }) => digest).sort()).toEqual([one, two].sort());
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
