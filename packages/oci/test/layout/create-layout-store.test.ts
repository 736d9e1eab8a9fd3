import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES, parseDigest } from "@floe/core/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";
import {
  bytesOf,
  go,
  imageIndex,
  type Layout,
  makeLayout,
  manifest,
  tempFolder,
} from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;
let layout: Layout;

beforeEach(async () => {
  folder = tempFolder();
  layout = await makeLayout(folder.path);
});
afterEach(() => folder.remove());

const code = (value: string) => expect.objectContaining({ code: value });
const absent = parseDigest(`sha256:${"0".repeat(64)}`);

describe("opening a layout", () => {
  it("names the repository by the path as it was written", () => {
    const at = (options: { uriAsWritten?: string }) =>
      createLayoutStore({ path: layout.dir, ...options }).repository;
    expect(at({ uriAsWritten: "./.floe/registry" })).toBe("oci-layout:./.floe/registry");
    expect(at({ uriAsWritten: "oci-layout:./registry" })).toBe("oci-layout:./registry");
    expect(at({})).toBe(`oci-layout:${layout.dir}`);
  });

  it("says that an absent folder is no layout", async () => {
    const store = createLayoutStore({ path: join(folder.path, "absent") });
    await expect(store.listTags(go)).rejects.toEqual(code("FLOE_STORE_INVALID"));
    await expect(store.createTag("v1.0.0", manifest("a"), go)).rejects.toEqual(
      code("FLOE_STORE_INVALID"),
    );
  });

  it("reads an absent folder as empty and makes it with the first write when it may create", async () => {
    const dir = join(folder.path, "deep", "er");
    const store = createLayoutStore({ path: dir, create: true });
    expect(await store.listTags(go)).toEqual([]);
    expect(await store.resolve("v1.0.0", go)).toBeNull();
    expect(await store.getManifest("v1.0.0", go)).toBeNull();
    expect(await store.hasBlob(EMPTY_DESCRIPTOR.digest, go)).toBe(false);
    expect(await store.referrers(absent, go)).toEqual([]);
    await expect(store.getBlob(EMPTY_DESCRIPTOR, go)).rejects.toEqual(
      code("FLOE_ARTIFACT_NOT_FOUND"),
    );
    expect(() => statSync(dir)).toThrow("ENOENT");
    await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
    expect(readFileSync(join(dir, "oci-layout"), "utf8")).toBe('{"imageLayoutVersion":"1.0.0"}');
    expect(JSON.parse(readFileSync(join(dir, "index.json"), "utf8"))).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [],
    });
  });

  it("does not make a layout of a folder that holds something else", async () => {
    writeFileSync(join(folder.path, "letter.txt"), "dear");
    const store = createLayoutStore({ path: folder.path, create: true });
    await expect(store.putManifest(manifest("a"), go)).rejects.toEqual(code("FLOE_STORE_INVALID"));
    await expect(store.putManifest(manifest("a"), go)).rejects.toThrow(/holds "(letter|registry)/);
  });

  it("says that a file is no folder", async () => {
    const path = join(folder.path, "file");
    writeFileSync(path, "");
    for (const at of [path, join(path, "below")]) {
      const store = createLayoutStore({ path: at, create: true });
      await expect(store.putManifest(manifest("a"), go)).rejects.toThrow("is not a folder");
    }
  });

  it.each([
    ['{"imageLayoutVersion":"2.0.0"}', '"2.0.0"'],
    ["{}", "nothing"],
    ["not json", "is not JSON"],
  ])("refuses an oci-layout file that holds %s", async (text, message) => {
    writeFileSync(join(layout.dir, "oci-layout"), text);
    const error = code("FLOE_STORE_INVALID");
    await expect(layout.reopen().listTags(go)).rejects.toEqual(error);
    await expect(layout.reopen().listTags(go)).rejects.toThrow(message);
  });
});

describe("manifests and tags", () => {
  it("creates a tag once: created, unchanged, taken", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    expect(await store.createTag("v1.0.0", one, go)).toEqual({
      status: "created",
      descriptor: one.d,
    });
    expect(await store.createTag("v1.0.0", one, go)).toEqual({
      status: "unchanged",
      descriptor: one.d,
    });
    const before = layout.readIndex();
    expect(await store.createTag("v1.0.0", two, go)).toEqual({
      status: "taken",
      digest: one.d.digest,
    });
    expect(layout.readIndex()).toEqual(before);
    expect(await store.hasBlob(two.d.digest, go)).toBe(false);
    expect(store.tagCreation).toBe("atomic");
  });

  it("resolves and reads by tag and by digest, and says null for what is absent", async () => {
    const one = manifest("one");
    await layout.store.createTag("v1.0.0", one, go);
    const store = layout.reopen();
    for (const reference of ["v1.0.0", one.d.digest]) {
      expect(await store.resolve(reference, go)).toEqual(one.d);
      expect(await store.getManifest(reference, go)).toEqual({
        descriptor: one.d,
        bytes: one.bytes,
      });
    }
    for (const reference of ["v2.0.0", absent]) {
      expect(await store.resolve(reference, go)).toBeNull();
      expect(await store.getManifest(reference, go)).toBeNull();
    }
  });

  it("does not take a config or layer for a manifest", async () => {
    expect(await layout.store.resolve(EMPTY_DESCRIPTOR.digest, go)).toBeNull();
    expect(await layout.store.getManifest(EMPTY_DESCRIPTOR.digest, go)).toBeNull();
  });

  it("refuses references outside the grammar before it looks at the disk", async () => {
    const { store } = layout;
    const before = store.stats.requests;
    for (const bad of ["../../etc/passwd", "", "a b", "sha256:short", `sha256:${"A".repeat(64)}`]) {
      await expect(store.resolve(bad, go)).rejects.toEqual(code("FLOE_TAG_INVALID"));
      await expect(store.getManifest(bad, go)).rejects.toEqual(code("FLOE_TAG_INVALID"));
      await expect(store.createTag(bad, manifest("x"), go)).rejects.toEqual(
        code("FLOE_TAG_INVALID"),
      );
      await expect(store.moveTag(bad, manifest("x"), go)).rejects.toEqual(code("FLOE_TAG_INVALID"));
      await expect(store.deleteTag(bad, go)).rejects.toEqual(code("FLOE_TAG_INVALID"));
    }
    expect(store.stats.requests).toBe(before);
  });

  it("lists a manifest that is put by digest only, without a tag", async () => {
    const lonely = manifest("lonely");
    expect(await layout.store.putManifest(lonely, go)).toEqual(lonely.d);
    expect(await layout.store.listTags(go)).toEqual([]);
    expect(layout.readIndex().manifests).toEqual([
      { ...lonely.d, annotations: { "dev.floe.subject": "none" } },
    ]);
    await layout.store.createTag("v1.0.0", lonely, go);
    expect(layout.readIndex().manifests).toHaveLength(1);
    await layout.store.createTag("v1.0.0-dev", lonely, go);
    expect(layout.readIndex().manifests).toHaveLength(2);
  });

  it("moves a tag and says what it held", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    expect(await store.moveTag("latest", one, { ...go, expect: null })).toEqual({
      status: "moved",
      previous: null,
    });
    expect(await store.moveTag("latest", one, go)).toEqual({
      status: "unchanged",
      previous: one.d.digest,
    });
    expect(await store.moveTag("latest", two, { ...go, expect: one.d.digest })).toEqual({
      status: "moved",
      previous: one.d.digest,
    });
    expect(await layout.reopen().resolve("latest", go)).toEqual(two.d);
    expect(await layout.reopen().resolve(one.d.digest, go)).toEqual(one.d);
    expect(layout.readIndex().manifests).toHaveLength(2);
  });

  it("does not move a tag that is elsewhere than expected", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    const error = code("FLOE_TAG_MOVED");
    await expect(store.moveTag("latest", one, { ...go, expect: two.d.digest })).rejects.toEqual(
      error,
    );
    await store.moveTag("latest", one, go);
    await expect(store.moveTag("latest", two, { ...go, expect: null })).rejects.toEqual(error);
    expect(await store.resolve("latest", go)).toEqual(one.d);
    expect(await store.hasBlob(two.d.digest, go)).toBe(false);
  });

  it("takes a tag that somebody else has already moved to the same digest for moved", async () => {
    const { store } = layout;
    const [one, two] = [manifest("one"), manifest("two")];
    await store.moveTag("latest", two, go);
    for (const expected of [one.d.digest, null]) {
      const moved = await layout.reopen().moveTag("latest", two, { ...go, expect: expected });
      expect(moved).toEqual({ status: "unchanged", previous: two.d.digest });
    }
  });

  it("lists tags by prefix", async () => {
    for (const tag of ["v1.0.0", "v1.0.0-dev", "floe-rec.1"])
      await layout.store.createTag(tag, manifest(tag), go);
    expect((await layout.store.listTags(go)).sort()).toEqual([
      "floe-rec.1",
      "v1.0.0",
      "v1.0.0-dev",
    ]);
    expect(await layout.store.listTags({ ...go, prefix: "floe-" })).toEqual(["floe-rec.1"]);
  });

  it("deletes a tag and keeps its manifest", async () => {
    const one = manifest("one");
    await layout.store.createTag("a", one, go);
    await layout.store.createTag("b", one, go);
    await layout.store.deleteTag("a", go);
    expect(await layout.store.listTags(go)).toEqual(["b"]);
    expect(layout.readIndex().manifests).toHaveLength(1);
    await layout.store.deleteTag("b", go);
    await layout.store.deleteTag("never-there", go);
    expect(await layout.store.listTags(go)).toEqual([]);
    expect(await layout.store.resolve(one.d.digest, go)).toEqual(one.d);
    expect(layout.readIndex().manifests).toHaveLength(1);
  });

  it.each([
    ["bytes that are not JSON", bytesOf("nope"), MEDIA_TYPES.ociManifest],
    ["JSON that is no manifest", bytesOf({ schemaVersion: 2 }), MEDIA_TYPES.ociManifest],
    ["an index given as a manifest", imageIndex([]).bytes, MEDIA_TYPES.ociManifest],
    ["a manifest without its layer", withLayer(absent), MEDIA_TYPES.ociManifest],
    ["an index without its child", imageIndex([manifest("gone").d]).bytes, MEDIA_TYPES.ociIndex],
  ])("refuses %s, as a registry would", async (_, bytes, mediaType) => {
    await expect(layout.store.putManifest({ bytes, mediaType }, go)).rejects.toEqual(
      code("FLOE_REGISTRY_RESPONSE_INVALID"),
    );
    expect(layout.readIndex().manifests).toEqual([]);
  });

  it("takes a manifest whose foreign layer is elsewhere", async () => {
    const bytes = withLayer(absent, { urls: ["https://example.com/layer"] });
    const put = layout.store.putManifest({ bytes, mediaType: MEDIA_TYPES.ociManifest }, go);
    expect((await put).size).toBe(bytes.byteLength);
  });

  it("refuses a manifest of more than 4 MiB", async () => {
    const bytes = bytesOf(
      " ".repeat(4 * 1024 * 1024) + new TextDecoder().decode(manifest("x").bytes),
    );
    const put = layout.store.putManifest({ bytes, mediaType: MEDIA_TYPES.ociManifest }, go);
    await expect(put).rejects.toEqual(code("FLOE_REGISTRY_LIMIT_EXCEEDED"));
  });

  it("repairs a damaged manifest when it is put again", async () => {
    const one = manifest("one");
    await layout.store.createTag("v1.0.0", one, go);
    writeFileSync(layout.blobPath(one.d.digest), "x".repeat(one.d.size));
    await expect(layout.reopen().getManifest("v1.0.0", go)).rejects.toEqual(
      code("FLOE_DIGEST_MISMATCH"),
    );
    expect((await layout.store.createTag("v1.0.0", one, go)).status).toBe("unchanged");
    expect((await layout.reopen().getManifest("v1.0.0", go))?.bytes).toEqual(one.bytes);
  });
});

describe("attached manifests", () => {
  it("finds them by their subject, with what the manifest says of itself", async () => {
    const { store } = layout;
    const release = manifest("release");
    await store.createTag("v1.0.0", release, go);
    const [signature, record] = [manifest("signature", release.d), manifest("record", release.d)];
    expect(await store.attach(signature, go)).toEqual(signature.d);
    expect(await store.attach(record, { ...go, tag: "floe-rec.1" })).toEqual(record.d);
    await store.putManifest(manifest("other", manifest("another release").d), go);
    const expected = [
      {
        ...signature.d,
        artifactType: "application/vnd.acme.thing",
        annotations: { name: "signature" },
      },
      { ...record.d, artifactType: "application/vnd.acme.thing", annotations: { name: "record" } },
    ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    expect(await store.referrers(release.d.digest, go)).toEqual(expected);
    expect(await layout.reopen().referrers(release.d.digest, go)).toEqual(expected);
    expect(await store.referrers(signature.d.digest, go)).toEqual([]);
    expect(await store.resolve("floe-rec.1", go)).toEqual(record.d);
  });

  it("attaches twice without a second entry, and never moves the tag", async () => {
    const { store } = layout;
    const release = manifest("release");
    const record = manifest("record", release.d);
    await store.attach(record, { ...go, tag: "floe-rec.1" });
    await store.attach(record, { ...go, tag: "floe-rec.1" });
    expect(layout.readIndex().manifests).toHaveLength(1);
    const other = store.attach(manifest("forged", release.d), { ...go, tag: "floe-rec.1" });
    await expect(other).rejects.toEqual(code("FLOE_TAG_IMMUTABLE"));
    expect(await store.resolve("floe-rec.1", go)).toEqual(record.d);
  });

  it("refuses to attach what has no subject", async () => {
    await expect(layout.store.attach(manifest("a"), go)).rejects.toEqual(
      code("FLOE_REGISTRY_RESPONSE_INVALID"),
    );
  });
});

describe("counting and time", () => {
  it("counts calls that look at the folder, and those that changed it", async () => {
    const store = layout.reopen();
    expect(store.stats).toEqual({ requests: 0, writes: 0 });
    await store.createTag("v1.0.0", manifest("a"), go);
    await store.createTag("v1.0.0", manifest("a"), go);
    await store.createTag("v1.0.0", manifest("b"), go);
    await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
    await store.resolve("v1.0.0", go);
    expect(store.stats).toEqual({ requests: 5, writes: 1 });
  });

  it("tells the time by the clock that it was given", () => {
    const now = new Date("2026-01-02T03:04:05Z");
    expect(createLayoutStore({ path: layout.dir, now: () => now }).now()).toBe(now);
  });
});

function withLayer(digest: string, more: object = {}): Uint8Array {
  const layer = { mediaType: "application/octet-stream", digest, size: 3, ...more };
  return bytesOf({ schemaVersion: 2, config: EMPTY_DESCRIPTOR, layers: [layer] });
}
