import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MEDIA_TYPES } from "@floe/core/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bytesOf,
  go,
  imageIndex,
  type Layout,
  makeLayout,
  manifest,
  tempFolder,
} from "./layout-fixture.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

let folder: ReturnType<typeof tempFolder>;
let layout: Layout;

beforeEach(async () => {
  folder = tempFolder();
  layout = await makeLayout(folder.path);
});
afterEach(() => folder.remove());

const code = (value: string) => expect.objectContaining({ code: value });
const tagged = (thing: { d: object }, tag: string) => ({
  ...thing.d,
  annotations: { [REF_NAME]: tag },
});

describe("what other tools write into a layout", () => {
  it("is seen by a store that has read the index before", async () => {
    const { store } = layout;
    const [mine, theirs] = [manifest("mine"), manifest("theirs")];
    await store.createTag("v1.0.0", mine, go);
    layout.writeBlob(theirs.bytes);
    const index = layout.readIndex();
    layout.writeIndex({ ...index, manifests: [...index.manifests, tagged(theirs, "v2.0.0")] });
    expect(await store.resolve("v2.0.0", go)).toEqual(theirs.d);
    expect(await store.createTag("v2.0.0", mine, go)).toEqual({
      status: "taken",
      digest: theirs.d.digest,
    });
  });

  it("is seen even when size and time of the file did not change", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    await store.createTag("v1.0.0", one, go);
    await store.putManifest(two, go);
    for (const [wanted, other] of [
      [two, one],
      [one, two],
    ] as const) {
      await store.resolve("v1.0.0", go);
      layout.writeIndex({ ...layout.readIndex(), manifests: [tagged(wanted, "v1.0.0"), other.d] });
      expect(await store.resolve("v1.0.0", go)).toEqual(wanted.d);
    }
  });

  it("is kept by every write, also what floe does not know", async () => {
    const { store } = layout;
    const known = manifest("known");
    await store.createTag("v1.0.0", known, go);
    const unknown = [
      {
        mediaType: "application/vnd.acme.future+json",
        digest: "blake3:abcdef",
        size: 12,
        annotations: { [REF_NAME]: "future" },
        "x-acme": { nested: [1, null] },
      },
      { ...tagged(known, "docker.io/library/thing:1"), platform: { os: "linux", features: ["a"] } },
      { digest: 5 },
    ];
    layout.writeIndex({
      ...layout.readIndex(),
      annotations: { "com.acme": "kept" },
      "x-acme-top": true,
      manifests: [...unknown, ...layout.readIndex().manifests],
    });
    await store.createTag("v2.0.0", manifest("two"), go);
    await store.moveTag("latest", known, go);
    await store.moveTag("latest", manifest("two"), go);
    await store.deleteTag("latest", go);
    const index = layout.readIndex();
    expect(index).toMatchObject({ annotations: { "com.acme": "kept" }, "x-acme-top": true });
    expect(index.manifests.slice(0, 3)).toEqual(unknown);
    // A whole image name is no tag of this repository, and an unusable entry still blocks its tag.
    expect((await store.listTags(go)).sort()).toEqual(["future", "v1.0.0", "v2.0.0"]);
    const future = store.createTag("future", known, go);
    await expect(future).rejects.toEqual(code("FLOE_STORE_INVALID"));
  });

  it("keeps an entry's own annotations when its tag comes and goes", async () => {
    const one = manifest("one");
    layout.writeBlob(one.bytes);
    const annotations = { "org.opencontainers.image.created": "2026-01-01T00:00:00Z" };
    layout.writeIndex({ ...layout.readIndex(), manifests: [{ ...one.d, annotations }] });
    await layout.store.createTag("v1.0.0", one, go);
    expect(layout.readIndex().manifests).toEqual([
      { ...one.d, annotations: { ...annotations, [REF_NAME]: "v1.0.0" } },
    ]);
    await layout.store.deleteTag("v1.0.0", go);
    expect(layout.readIndex().manifests).toEqual([{ ...one.d, annotations }]);
  });

  it("is not guessed at when a tag is written twice with different digests", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    layout.writeBlob(one.bytes);
    layout.writeBlob(two.bytes);
    const twice = [tagged(one, "v1.0.0"), tagged(two, "v1.0.0"), tagged(one, "v2.0.0")];
    layout.writeIndex({ ...layout.readIndex(), manifests: [...twice, tagged(one, "v2.0.0")] });
    const error = code("FLOE_STORE_INVALID");
    await expect(store.resolve("v1.0.0", go)).rejects.toEqual(error);
    await expect(store.createTag("v1.0.0", one, go)).rejects.toEqual(error);
    await expect(store.moveTag("v1.0.0", one, go)).rejects.toEqual(error);
    // The same digest twice says the same thing twice.
    expect(await store.resolve("v2.0.0", go)).toEqual(one.d);
    await store.deleteTag("v1.0.0", go);
    expect(await store.resolve("v1.0.0", go)).toBeNull();
    expect(await store.resolve(two.d.digest, go)).toEqual(two.d);
  });

  it("is found among the children of an image index", async () => {
    const child = manifest("child");
    const parent = imageIndex([child.d]);
    layout.writeBlob(child.bytes);
    layout.writeBlob(parent.bytes);
    layout.writeIndex({ ...layout.readIndex(), manifests: [tagged(parent, "v1.0.0")] });
    const { store } = layout;
    expect(await store.resolve(child.d.digest, go)).toEqual(child.d);
    expect((await store.getManifest(child.d.digest, go))?.bytes).toEqual(child.bytes);
  });

  it("counts as attached when its manifest has the subject, however it is listed", async () => {
    const { store } = layout;
    const release = manifest("release");
    await store.createTag("v1.0.0", release, go);
    const [direct, nested] = [manifest("direct", release.d), manifest("nested", release.d)];
    const gone = manifest("elsewhere", release.d);
    const parent = imageIndex([nested.d, gone.d]);
    for (const { bytes } of [direct, nested, parent]) layout.writeBlob(bytes);
    const listed = [...layout.readIndex().manifests, direct.d, parent.d];
    layout.writeIndex({ ...layout.readIndex(), manifests: listed });
    const found = await store.referrers(release.d.digest, go);
    expect(found.map(({ digest }) => digest)).toEqual([direct.d.digest, nested.d.digest].sort());
  });

  it("fails the search for attached manifests when one cannot be read", async () => {
    const release = manifest("release");
    const [missing, broken] = [manifest("missing", release.d), manifest("broken", release.d)];
    const index = layout.readIndex();
    layout.writeIndex({ ...index, manifests: [missing.d] });
    const search = () => layout.reopen().referrers(release.d.digest, go);
    await expect(search()).rejects.toEqual(code("FLOE_STORE_INVALID"));
    writeFileSync(layout.blobPath(broken.d.digest), "x".repeat(broken.d.size));
    layout.writeIndex({ ...index, manifests: [broken.d] });
    await expect(search()).rejects.toEqual(code("FLOE_DIGEST_MISMATCH"));
  });

  it("is read at a better moment when the index is just being written in place", async () => {
    const { store } = layout;
    await store.createTag("v1.0.0", manifest("one"), go);
    const whole = JSON.stringify(layout.readIndex());
    writeFileSync(join(layout.dir, "index.json"), whole.slice(0, 50));
    const reading = store.listTags(go);
    await sleep(50);
    writeFileSync(join(layout.dir, "index.json"), whole);
    expect(await reading).toEqual(["v1.0.0"]);
  });

  it("is not overwritten when it comes between floe's reading and writing", async () => {
    const { store } = layout;
    const theirs = manifest("theirs");
    layout.writeBlob(theirs.bytes);
    for (let round = 0; round < 10; round += 1) {
      const mine = store.createTag(`mine-${round}`, manifest(`mine ${round}`), go);
      await sleep(round % 5);
      const index = layout.readIndex();
      layout.writeIndex({ ...index, manifests: [...index.manifests, tagged(theirs, `r${round}`)] });
      await mine;
    }
    const rounds = Array.from({ length: 10 }, (_, round) => round);
    const all = rounds.flatMap((round) => [`mine-${round}`, `r${round}`]);
    expect((await store.listTags(go)).sort()).toEqual(all.sort());
  });
});

describe("a broken index.json", () => {
  it.each([
    ["is no JSON", "{"],
    ["is empty", ""],
    ["is an array", "[]"],
    ["has another schemaVersion", '{"schemaVersion":1,"manifests":[]}'],
    ["has no manifests", '{"schemaVersion":2}'],
    ["has an entry that is no object", '{"schemaVersion":2,"manifests":["x"]}'],
  ])("that %s stops reads and writes, with a hint", async (_, text) => {
    writeFileSync(join(layout.dir, "index.json"), text);
    const error = expect.objectContaining({
      code: "FLOE_STORE_INVALID",
      hint: expect.stringContaining("Restore it from a copy"),
    });
    await expect(layout.reopen().listTags(go)).rejects.toEqual(error);
    await expect(layout.store.createTag("v1.0.0", manifest("a"), go)).rejects.toEqual(error);
  });

  it("that is missing is never taken for an empty one", async () => {
    rmSync(join(layout.dir, "index.json"));
    const error = code("FLOE_STORE_INVALID");
    await expect(layout.store.createTag("v1.0.0", manifest("a"), go)).rejects.toEqual(error);
  });

  it("names a tag whose manifest's blob is missing", async () => {
    const one = manifest("one");
    await layout.store.createTag("v1.0.0", one, go);
    rmSync(layout.blobPath(one.d.digest));
    await expect(layout.store.resolve("v1.0.0", go)).rejects.toEqual(code("FLOE_STORE_INVALID"));
    expect(await layout.store.resolve(one.d.digest, go)).toBeNull();
  });

  it("with null for its manifests is an empty one, as Go programs write it", async () => {
    layout.writeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: null });
    expect(await layout.store.listTags(go)).toEqual([]);
    await layout.store.putManifest(manifest("a"), go);
    expect(layout.readIndex().manifests).toHaveLength(1);
  });

  it("is not confused by keys that JavaScript objects have", async () => {
    const one = manifest("one");
    layout.writeBlob(one.bytes);
    const text = `{"schemaVersion":2,"__proto__":{"a":1},"manifests":[{"mediaType":"${one.d.mediaType}","digest":"${one.d.digest}","size":${one.d.size},"annotations":{"__proto__":"x","${REF_NAME}":"constructor"}}]}`;
    writeFileSync(join(layout.dir, "index.json"), text);
    expect(await layout.store.resolve("constructor", go)).toEqual(one.d);
    expect(await layout.store.resolve("__proto__", go)).toBeNull();
    await layout.store.createTag("__proto__", one, go);
    expect(await layout.store.resolve("__proto__", go)).toEqual(one.d);
    expect(bytesOf(layout.readIndex()).byteLength).toBeGreaterThan(text.length);
  });
});
