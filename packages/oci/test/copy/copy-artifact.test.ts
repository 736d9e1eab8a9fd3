import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore, startRegistry, type TestRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { type CopyProgress, copyArtifact, createLayoutStore } from "../../src/index.ts";
import { codeOf, errorOf } from "../registry/open-store.ts";
import { go, indexOver, put, putRelease, storeOn } from "./copy-fixture.ts";

const immutable = (tag: string) => ({ tag, mutable: false });
const layersOf = (sizes: readonly number[]) =>
  sizes.map((size, n) => ({ content: new Uint8Array(size).fill(n + 1) }));

async function twoRegistries(options: Parameters<typeof startRegistry>[0] = {}) {
  await using stack = new AsyncDisposableStack();
  const source = stack.use(await startRegistry(options));
  const target = stack.use(await startRegistry(options));
  const from = stack.use(storeOn(source.host, "acme/app"));
  const to = stack.use(storeOn(target.host, "mirror/app"));
  const owned = stack.move();
  return { source, target, from, to, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const count = (registry: TestRegistry, method: string, path: RegExp) =>
  registry.requests.filter((one) => one.method === method && path.test(one.path)).length;

describe("copyArtifact", () => {
  test.each([
    ["with the referrers API", true],
    ["with fallback tags", false],
  ])("brings an index, its images and all that is attached, %s", async (_, referrers) => {
    await using world = await twoRegistries({ referrers });
    const { from, to, source, target } = world;
    const release = await putRelease(from, "v1.0.0");
    const report = await copyArtifact(
      { from, to, reference: "v1.0.0", tags: [immutable("v1.0.0")] },
      go,
    );
    for (const digest of release.manifests) {
      expect(target.manifest("mirror/app", digest)?.bytes).toEqual(
        source.manifest("acme/app", digest)?.bytes,
      );
      const [here, there] = [await from.referrers(digest, go), await to.referrers(digest, go)];
      const digests = (list: typeof here) => list.map((one) => one.digest).sort();
      expect(digests(there)).toEqual(digests(here));
    }
    const tags = target.tags("mirror/app");
    expect(tags["v1.0.0"]).toBe(release.root.digest);
    expect(tags[release.cosignTag]).toBe(release.manifests.at(-1));
    expect(report).toMatchObject({
      digest: release.root.digest,
      sourceDigest: release.root.digest,
      manifests: { copied: 7, skipped: 0 },
      referrers: { "application/vnd.acme.sbom": 1, "application/vnd.acme.signature": 2 },
      tags: [
        { tag: release.cosignTag, status: "created" },
        { tag: "v1.0.0", status: "created" },
      ],
      warnings: [],
    });
  });

  test("again is quick and changes nothing", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    await putRelease(from, "v1.0.0");
    const request = { from, to, reference: "v1.0.0", tags: [immutable("v1.0.0")] };
    await copyArtifact(request, go);
    const before = target.writes;
    await using fresh = storeOn(target.host, "mirror/app");
    const report = await copyArtifact({ ...request, to: fresh }, go);
    expect(target.writes).toBe(before);
    expect(fresh.stats.writes).toBe(0);
    expect(report).toMatchObject({
      manifests: { copied: 0, skipped: 7 },
      blobs: { copied: 0, mounted: 0 },
      bytes: 0,
    });
    expect(report.tags.map(({ status }) => status)).toEqual(["unchanged", "unchanged"]);
  });

  test("writes blobs, then manifests bottom up, then attachments, then tags", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    const release = await putRelease(from, "v1.0.0");
    await copyArtifact({ from, to, reference: "v1.0.0", tags: [immutable("v1.0.0")] }, go);
    const writes = target.requests.filter(({ method }) => method === "PUT").map(({ path }) => path);
    const position = (digest: string | undefined) =>
      writes.findIndex((path) => path.endsWith(`/manifests/${digest}`));
    const lastBlob = writes.findLastIndex((path) => path.includes("/blobs/"));
    const [root, one, two, signature, sbom, countersignature] = release.manifests.map(position);
    expect(
      Math.min(position(release.manifests[1]), position(release.manifests[2])),
    ).toBeGreaterThan(lastBlob);
    expect(root).toBeGreaterThan(Math.max(Number(one), Number(two)));
    expect(signature).toBeGreaterThan(Number(root));
    expect(sbom).toBeGreaterThan(Number(one));
    expect(countersignature).toBeGreaterThan(Number(sbom));
    expect(writes.slice(-2).map((path) => path.split("/").at(-1))).toEqual([
      release.cosignTag,
      "v1.0.0",
    ]);
  });

  // Row 17.
  test("of a tag that moves meanwhile copies the artifact that it began with, and no other", async () => {
    await using source = await startRegistry();
    await using target = await startRegistry();
    await using from = storeOn(source.host, "acme/app");
    await using to = storeOn(target.host, "mirror/app");
    const before = await put(from, { layers: [{ content: "before" }] }, "v1.0.0");
    const after = await put(from, { layers: [{ content: "after" }] });
    let reads = 0;
    source.faults.add({
      match: ({ path }) => {
        if (path.endsWith("/manifests/v1.0.0")) reads += 1;
        else if (reads > 0) source.plant("acme/app", { ...after, tag: "v1.0.0" });
        return false;
      },
      action: { kind: "drop" },
    });
    const report = await copyArtifact(
      { from, to, reference: "v1.0.0", tags: [{ tag: "v1.0.0", mutable: false }] },
      go,
    );
    expect(source.tags("acme/app")["v1.0.0"]).toBe(after.descriptor.digest);
    expect([report.digest, reads]).toEqual([before.descriptor.digest, 1]);
    expect(target.tags("mirror/app")).toEqual({ "v1.0.0": before.descriptor.digest });
    expect(target.manifest("mirror/app", after.descriptor.digest)).toBeNull();
  });

  test("leaves attachments out when asked to", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    await putRelease(from, "v1.0.0");
    const report = await copyArtifact(
      { from, to, reference: "v1.0.0", tags: [immutable("v1.0.0")], referrers: false },
      go,
    );
    expect(report).toMatchObject({ manifests: { copied: 3 }, referrers: {} });
    expect(Object.keys(target.tags("mirror/app"))).toEqual(["v1.0.0"]);
    expect(count(world.source, "GET", /tags\/list/)).toBe(0);
  });

  test("costs fewer than forty requests for eight layers to a fresh repository", async () => {
    await using world = await twoRegistries({ referrers: false });
    const { from, to, source, target } = world;
    await put(from, { layers: layersOf([9, 8, 7, 6, 5, 4, 3, 2].map((n) => n * 100)) }, "v1.0.0");
    await using reader = storeOn(source.host, "acme/app");
    const request = { from: reader, to, reference: "v1.0.0", tags: [immutable("v1.0.0")] };
    await copyArtifact(request, go);
    expect(reader.stats.requests + to.stats.requests).toBeLessThan(40);
    expect(count(target, "HEAD", /blobs/)).toBe(2);
  });

  test("does not send what the destination has", async () => {
    await using world = await twoRegistries();
    const { from, to } = world;
    const layers = layersOf([5000, 400, 30]);
    await put(from, { layers }, "v1.0.0");
    await put(to, { layers: layers.slice(0, 2) }, "v0.9.0");
    const report = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(report).toMatchObject({ blobs: { copied: 1, skipped: 3, mounted: 0 }, bytes: 30 });
  });

  test("keeps bytes as they are and an unsorted manifest's digest", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    const child = await put(from, {});
    const index = indexOver([child.descriptor], { annotations: { z: "1", a: "é" } });
    await from.moveTag("odd", index, go);
    const { digest } = await copyArtifact({ from, to, reference: "odd" }, go);
    expect(digest).toBe(digestOf(index.bytes));
    expect(target.manifest("mirror/app", digest)?.bytes).toEqual(index.bytes);
    expect(target.tags("mirror/app")).toEqual({});
  });

  test("in one repository only writes the tags", async () => {
    await using world = await twoRegistries();
    const { from, source } = world;
    const built = await put(from, {}, "v1.0.0");
    await using to = storeOn(source.host, "acme/app");
    const tags = [immutable("v1.0.1"), { tag: "edge", mutable: true }];
    const report = await copyArtifact({ from, to, reference: "v1.0.0", tags }, go);
    expect(report).toMatchObject({ manifests: { copied: 0 }, tags: [{}, { status: "moved" }] });
    expect(source.tags("acme/app")).toMatchObject({
      "v1.0.1": built.descriptor.digest,
      edge: built.descriptor.digest,
    });
  });

  test("in one registry mounts blobs instead of sending them", async () => {
    await using world = await twoRegistries();
    const { from, source } = world;
    await put(from, { layers: layersOf([500, 400]) }, "v1.0.0");
    await using to = storeOn(source.host, "other/app");
    const gets = count(source, "GET", /blobs/);
    const report = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(report).toMatchObject({ blobs: { copied: 0, mounted: 3, skipped: 0 }, bytes: 0 });
    expect(count(source, "GET", /blobs/)).toBe(gets);
  });

  test("sends them all the same where the registry does not mount", async () => {
    await using world = await twoRegistries();
    const { from, source } = world;
    await put(from, { layers: layersOf([500, 400]) }, "v1.0.0");
    await using to = storeOn(source.host, "other/app");
    source.configure({ mounts: false });
    const report = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(report).toMatchObject({ blobs: { copied: 3, mounted: 0 }, bytes: 902 });
  });

  test("says how far it is, up to the end, and counts what was there", async () => {
    await using world = await twoRegistries();
    const { from, to } = world;
    await put(from, { layers: layersOf([200_000, 100_000]) }, "v1.0.0");
    const seen: CopyProgress[] = [];
    const options = { ...go, onProgress: (progress: CopyProgress) => seen.push(progress) };
    await copyArtifact({ from, to, reference: "v1.0.0" }, options);
    expect(seen[0]).toEqual({ blobs: 0, blobsTotal: 3, bytes: 0, bytesTotal: 300_002 });
    expect(seen.at(-1)).toEqual({ blobs: 3, blobsTotal: 3, bytes: 300_002, bytesTotal: 300_002 });
    expect(seen.length).toBeGreaterThan(5);
  });

  test("an artifact that is itself an attachment is findable at the destination", async () => {
    await using world = await twoRegistries({ referrers: false });
    const { from, to } = world;
    const subject = await put(from, {}, "v1.0.0");
    const note = await put(from, { subject: subject.descriptor, artifactType: "a/note" });
    await copyArtifact({ from, to, reference: note.descriptor.digest }, go);
    expect(await to.referrers(subject.descriptor.digest, go)).toMatchObject([
      { digest: note.descriptor.digest },
    ]);
  });

  test("an attachment that is there without its place in the list gets it", async () => {
    await using world = await twoRegistries({ referrers: false });
    const { from, to, target } = world;
    const subject = await put(from, {}, "v1.0.0");
    const note = await put(from, { subject: subject.descriptor });
    const request = { from, to, reference: "v1.0.0", tags: [immutable("v1.0.0")] };
    await copyArtifact(request, go);
    target.removeTag("mirror/app", subject.descriptor.digest.replace(":", "-"));
    expect(await to.referrers(subject.descriptor.digest, go)).toEqual([]);
    const report = await copyArtifact(request, go);
    expect(report.manifests).toEqual({ copied: 1, skipped: 1 });
    expect(await to.referrers(subject.descriptor.digest, go)).toMatchObject([
      { digest: note.descriptor.digest },
    ]);
  });
});

describe("between kinds of stores", () => {
  test("registry to folder, folder to folder and folder to registry keep everything", async () => {
    await using world = await twoRegistries();
    await using temp = await mkdtempDisposable(join(tmpdir(), "floe-copy-"));
    const { from, to, target } = world;
    const release = await putRelease(from, "v1.0.0");
    const folders = ["one", "two"].map((name) =>
      createLayoutStore({ path: join(temp.path, name), create: true }),
    );
    const chain = [from, ...folders, to];
    for (const [index, store] of chain.slice(1).entries()) {
      const before = chain[index];
      if (before === undefined) throw new Error("no store");
      await copyArtifact(
        { from: before, to: store, reference: "v1.0.0", tags: [immutable("v1.0.0")] },
        go,
      );
    }
    for (const digest of release.manifests)
      expect(target.manifest("mirror/app", digest)).not.toBeNull();
    expect(target.tags("mirror/app")["v1.0.0"]).toBe(release.root.digest);
    expect(target.tags("mirror/app")[release.cosignTag]).toBe(release.manifests.at(-1));
  });
});

describe("cosign's tags", () => {
  async function signed(to: ArtifactStore, tag: string, contents: readonly string[]) {
    return await put(to, { layers: contents.map((content) => ({ content })) }, tag);
  }

  test("are moved when the source has all that stands there, and stay otherwise", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    const { descriptor } = await put(from, {}, "v1.0.0");
    const tag = `${descriptor.digest.replace(":", "-")}.sig`;
    await signed(to, tag, ["one"]);
    const two = await signed(from, tag, ["one", "two"]);
    const first = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(first.tags).toEqual([{ tag, status: "moved" }]);
    expect(target.tags("mirror/app")[tag]).toBe(two.descriptor.digest);

    const other = await signed(to, tag, ["three"]);
    const second = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(second.tags).toEqual([]);
    expect(second.warnings).toEqual([expect.stringContaining(tag)]);
    expect(target.tags("mirror/app")[tag]).toBe(other.descriptor.digest);
  });
});

describe("one platform of an index", () => {
  test("is copied by its own digest, with what is attached to it, and a warning", async () => {
    await using world = await twoRegistries();
    const { from, to, target } = world;
    const release = await putRelease(from, "v1.0.0");
    const platform = { os: "linux", architecture: "amd64", variant: null };
    const report = await copyArtifact({ from, to, reference: "v1.0.0", platform }, go);
    expect(report.digest).toBe(release.children[0]?.descriptor.digest);
    expect(report.sourceDigest).toBe(release.root.digest);
    expect(report.referrers).toEqual({
      "application/vnd.acme.sbom": 1,
      "application/vnd.acme.signature": 1,
    });
    expect(report.warnings).toEqual([expect.stringContaining(release.root.digest)]);
    expect(target.manifest("mirror/app", release.root.digest)).toBeNull();
  });

  test("that is not there is not found, and one that is meant twice is asked about", async () => {
    await using world = await twoRegistries();
    const { from, to } = world;
    const { descriptor: one } = await put(from, { layers: [{ content: "v6" }] });
    const { descriptor: two } = await put(from, { layers: [{ content: "v7" }] });
    const arm = (variant: string) => ({ os: "linux", architecture: "arm", variant });
    const index = indexOver([
      { ...one, platform: arm("v6") },
      { ...two, platform: arm("v7") },
    ]);
    await from.moveTag("v1.0.0", index, go);
    const copy = async (platform: { os: string; architecture: string; variant: string | null }) =>
      await copyArtifact({ from, to, reference: "v1.0.0", platform }, go);
    expect((await copy(arm("v7"))).digest).toBe(two.digest);
    expect(await codeOf(copy({ ...arm("v7"), variant: null }))).toBe("FLOE_USAGE_INVALID");
    const missing = await errorOf(copy({ os: "windows", architecture: "amd64", variant: null }));
    expect(missing.code).toBe("FLOE_ARTIFACT_NOT_FOUND");
    expect(missing.hint).toContain("linux/arm/v6, linux/arm/v7");
    const single = copyArtifact({ from, to, reference: one.digest, platform: arm("v7") }, go);
    expect(await codeOf(single)).toBe("FLOE_USAGE_INVALID");
  });
});

// Row 14.
describe("layers that are elsewhere", () => {
  test("are never fetched, and are reported", async () => {
    await using world = await twoRegistries();
    const { from, to, source, target } = world;
    for (const store of [from, to]) await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
    const elsewhere = { mediaType: "a/layer", digest: digestOf("far"), size: 3 };
    const bytes = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: EMPTY_DESCRIPTOR,
        layers: [{ ...elsewhere, urls: [`${source.url}/secret`] }],
      }),
    );
    const manifest = { bytes, mediaType: MEDIA_TYPES.ociManifest };
    source.plant("acme/app", { ...manifest, tag: "v1.0.0" });
    target.configure({ validateManifests: false });
    const report = await copyArtifact({ from, to, reference: "v1.0.0" }, go);
    expect(report.foreignLayers).toEqual([elsewhere]);
    expect(source.requests.filter(({ path }) => path.includes("secret"))).toEqual([]);
    expect(count(source, "GET", new RegExp(elsewhere.digest))).toBe(0);
  });
});

describe("a store in memory", () => {
  test("can be either side, with no more than four blobs at once", async () => {
    const from = createMemoryStore({ repository: "memory/one" });
    const inner = createMemoryStore({ repository: "memory/two" });
    await put(from, { layers: layersOf(Array.from({ length: 20 }, (_, n) => 1000 + n)) }, "v1");
    let open = 0;
    let most = 0;
    const to: ArtifactStore = {
      ...inner,
      async putBlob(...args) {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resume) => setImmediate(resume));
        await inner.putBlob(...args);
        open -= 1;
      },
    };
    await copyArtifact({ from, to, reference: "v1", tags: [immutable("v1")] }, go);
    expect(most).toBeLessThanOrEqual(4);
    expect(await inner.resolve("v1", go)).not.toBeNull();
  });
});
